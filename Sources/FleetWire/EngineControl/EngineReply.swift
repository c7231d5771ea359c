package import FleetCore

/// What an engine answers its agent.
package enum EngineReply: Sendable, Equatable, Codable {
  /// Answers `activate`: what is served now, and how long loading took.
  case activated(loadMilliseconds: Double)
  /// Answers `evaluate`.
  case evaluated(GoldenResult)
  /// Answers `handOff` and `serve`.
  case done
  /// Answers `cut`.
  case cut(EngineCut)
  /// Answers `report`.
  case report(EngineReport)
  /// The command failed, in the words of the runtime; whatever was served before is still served.
  case failed(String)
  /// The same, of a kind that the operator should know.
  case refused(CommandError.Code, String)
}

package struct EngineResponse: Sendable, Equatable, Codable {
  package var id: UInt64
  package var reply: EngineReply

  package init(id: UInt64, reply: EngineReply) {
    self.id = id
    self.reply = reply
  }
}

/// What an engine has done since it started.
package struct EngineReport: Sendable, Equatable, Codable {
  /// Name and version of the runtime, or nil with `problem` when there is none.
  package var runtime: String?
  package var problem: String?
  /// The device in use, and all that the runtime found.
  package var device: String?
  package var devices: [EngineDevice]
  /// By model, as its active version is served.
  package var models: [ModelStatus]
  /// All that is served, with what each version did.
  package var versions: [VersionStatus] = []
  /// What runs on the accelerator now.
  package var computing: [EngineComputation] = []
  /// Nil of an engine that does not say.
  package var flights: EngineFlights?
  /// Nil while it answers requests itself.
  package var handOff: EngineHandOff?
  /// Connections accepted and still open.
  package var openConnections: Int

  package init(
    runtime: String? = nil,
    problem: String? = nil,
    device: String? = nil,
    devices: [EngineDevice] = [],
    models: [ModelStatus] = [],
    openConnections: Int = 0
  ) {
    self.runtime = runtime
    self.problem = problem
    self.device = device
    self.devices = devices
    self.models = models
    self.openConnections = openConnections
  }
}

/// One computation under way.
package struct EngineComputation: Sendable, Equatable, Codable {
  package var version: ModelVersion
  package var seconds: Double
  /// After so many seconds it counts as hung.
  package var limitSeconds: Double

  package init(version: ModelVersion, seconds: Double, limitSeconds: Double) {
    self.version = version
    self.seconds = seconds
    self.limitSeconds = limitSeconds
  }
}

package struct EngineDevice: Sendable, Equatable, Codable {
  /// The runtime's name, such as `CPU` or `GPU.0`.
  package var id: String
  /// The maker's name.
  package var name: String

  package init(id: String, name: String) {
    self.id = id
    self.name = name
  }
}
