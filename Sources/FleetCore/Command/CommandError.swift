/// Why a node did not do what it was asked. The message is for an operator: what, where, and what to do.
package struct CommandError: Error, Sendable, Equatable, Codable, CustomStringConvertible {
  package enum Code: String, Sendable, Codable, CaseIterable {
    /// The request itself is wrong; repeating it cannot help.
    case invalid
    /// No such model, version, file or node.
    case notFound
    /// Not now: something else is under way, or the state does not allow it.
    case conflict
    /// Bytes do not match their manifest.
    case corrupt
    /// No space for it.
    case noSpace
    /// The version is complete, but the engine cannot load it.
    case unusable
    /// Refused to protect the store: its last serving node, say. `--force` overrides.
    case refused
    /// The caller is not allowed to.
    case denied
    /// The node cannot be reached, or its agent is going away.
    case unreachable
    /// Not answered in time.
    case timeout
    /// A fault of the node's own, such as an unwritable disk.
    case failed
  }

  package let code: Code
  package let message: String

  package init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }

  package var description: String { message }
}
