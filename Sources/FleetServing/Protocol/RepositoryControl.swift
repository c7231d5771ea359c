package import NIOCore

/// What the protocol's repository calls reach: the versions that the agent has verified, and no others.
package protocol RepositoryControl: Sendable {
  /// Every version known, by name and number.
  var index: [RepositoryIndexEntry] { get }

  /// Serves the active version of `model`, anew when it is served already; nil when done. On `loop`.
  func load(_ model: String, on loop: any EventLoop) -> EventLoopFuture<ServingError?>

  /// Serves no version of `model` any more; requests that began finish. Nil when done. On `loop`.
  func unload(_ model: String, on loop: any EventLoop) -> EventLoopFuture<ServingError?>
}

package struct RepositoryIndexEntry: Sendable, Equatable {
  /// In the words of Triton's model repository extension.
  package enum State: String, Sendable {
    case ready = "READY"
    case unavailable = "UNAVAILABLE"
    case loading = "LOADING"
    case unloading = "UNLOADING"
  }

  package var name: String
  package var version: Int
  package var state: State
  /// Why it is not ready; empty when it is.
  package var reason: String

  package init(name: String, version: Int, state: State, reason: String = "") {
    self.name = name
    self.version = version
    self.state = state
    self.reason = reason
  }
}
