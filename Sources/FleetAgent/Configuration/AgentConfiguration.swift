package import FleetCore

/// Everything an agent is told, checked.
package struct AgentConfiguration: Sendable, Equatable {
  package struct Sibling: Sendable, Equatable {
    package var name: NodeName
    /// Where its engine answers REST calls.
    package var http: HostPort
    /// Where its agent answers; nil when that is not told.
    package var control: HostPort?

    package init(name: NodeName, http: HostPort, control: HostPort? = nil) {
      self.name = name
      self.http = http
      self.control = control
    }
  }

  /// Power that the box draws when idle and at full load, as its maker or the operator declares it.
  package struct DeclaredWatts: Sendable, Equatable {
    package var idle: Double
    package var full: Double

    package init(idle: Double, full: Double) {
      self.idle = idle
      self.full = full
    }
  }

  /// Whether clients may load and unload models with the protocol's repository calls.
  package enum ModelControl: String, Sendable, CaseIterable {
    case explicit
    case none
  }

  package var node: NodeName
  package var stateDirectory: String
  package var control: HostPort
  package var http: HostPort
  /// Where gRPC clients of the Open Inference Protocol are answered; nil for nowhere.
  package var grpc: HostPort?
  /// Where Prometheus is answered; nil for nowhere.
  package var metrics: HostPort?
  package var authority: String
  package var certificate: String
  package var key: String
  /// Files of the public keys that versions must be signed by; none for taking every version.
  package var trustedKeys: [String] = []
  package var siblings: [Sibling] = []
  package var slo = ServiceLevel()
  package var health = HealthLimits()
  package var watts: DeclaredWatts?
  /// When the node drains itself.
  package var autoDrain = AutoDrainRule()
  /// By model; others are served with the defaults.
  package var models: [String: ModelOptions] = [:]
  package var limits = ServingLimits()
  package var modelControl = ModelControl.explicit
  /// Versions kept of a model besides the active one and the one to go back to.
  package var keptVersions = ModelRepository.spareVersions
  /// How long a version must have served without a crash before it counts as good.
  package var probation: Duration = .seconds(60)
  package var device: String?
  package var injectedFault: FaultInjection?
  /// Where the kernel shows its sensors.
  package var sysfs = SystemFiles.usualSysfs
  package var librarySearchPath: [String] = []
  /// A level of swift-log.
  package var logLevel = "info"

  package init(
    node: NodeName,
    stateDirectory: String,
    control: HostPort = HostPort(host: "127.0.0.1", port: 0),
    http: HostPort = HostPort(host: "127.0.0.1", port: 0),
    authority: String = "",
    certificate: String = "",
    key: String = ""
  ) {
    self.node = node
    self.stateDirectory = stateDirectory
    self.control = control
    self.http = http
    grpc = http.following(1)
    metrics = http.following(2)
    self.authority = authority
    self.certificate = certificate
    self.key = key
  }

  package static let logLevels = ["trace", "debug", "info", "notice", "warning", "error", "critical"]
}

/// All that is wrong with a configuration, one line each.
package struct ConfigurationError: Error, Equatable, CustomStringConvertible {
  package let problems: [String]

  package var description: String { problems.joined(separator: "\n") }
}
