package import FleetCore
package import FleetWire

/// An inference runtime with its devices. One file or folder a runtime implements it; nothing else knows which it is.
package protocol InferenceEngine: Sendable {
  /// Name and version, such as `OpenVINO 2026.4.1`.
  var runtime: String { get }
  var devices: [EngineDevice] { get }
  /// The device that versions are loaded on.
  var device: String { get }

  /// Reads and compiles the version in `folder`. Takes seconds: never call it on an event loop. Throws `EngineError`.
  func load(folder: String) throws -> any LoadedModel
  /// The same as `options` want it; a runtime that knows no hints loads it as ever.
  func load(folder: String, options: ModelOptions) throws -> any LoadedModel
}

extension InferenceEngine {
  package func load(folder: String, options: ModelOptions) throws -> any LoadedModel { try load(folder: folder) }
}

/// What a runtime refused to do, in its own words.
package struct EngineError: Error, Sendable, Equatable, CustomStringConvertible {
  package let message: String

  package init(_ message: String) {
    self.message = message
  }

  package var description: String { message }
}
