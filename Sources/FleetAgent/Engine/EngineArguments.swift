package import FleetCore

/// The command line of the engine process, written by the agent and read back by `fleetd engine`. Both ends are the same binary.
package struct EngineArguments: Sendable, Equatable {
  /// The order in which the spawner hands the sockets over.
  package static let controlDescriptor: Int32 = 3
  package static let httpDescriptor: Int32 = 4
  package static let flightDescriptor: Int32 = 5
  package static let grpcDescriptor: Int32 = 6

  package var node: NodeName
  /// Whether there is a socket for gRPC.
  package var hasGRPC: Bool
  /// PEM files by which siblings know the node; empty for none.
  package var authority: String
  package var certificate: String
  package var key: String
  package var limits: ServingLimits
  package var modelControl: AgentConfiguration.ModelControl
  package var device: String?
  package var librarySearchPath: [String]
  package var injectedFault: FaultInjection?
  /// Unix time in seconds from which the fault's `after` counts.
  package var injectedFaultEpoch: Double
  package var cacheDirectory: String?

  package init(configuration: AgentConfiguration, agentStarted: Double) {
    node = configuration.node
    hasGRPC = configuration.grpc != nil
    authority = configuration.authority
    certificate = configuration.certificate
    key = configuration.key
    limits = configuration.limits
    modelControl = configuration.modelControl
    device = configuration.device
    librarySearchPath = configuration.librarySearchPath
    injectedFault = configuration.injectedFault
    injectedFaultEpoch = agentStarted
    cacheDirectory = configuration.stateDirectory + "/compiled"
  }

  package var list: [String] {
    var list = ["engine", "--node", "\(node)"]
    list += ["--control-fd", "\(Self.controlDescriptor)", "--http-fd", "\(Self.httpDescriptor)"]
    list += ["--flight-fd", "\(Self.flightDescriptor)"]
    if hasGRPC { list += ["--grpc-fd", "\(Self.grpcDescriptor)"] }
    if !certificate.isEmpty { list += ["--authority", authority, "--certificate", certificate, "--key", key] }
    if limits != ServingLimits() { list += ["--limits", limits.text] }
    if modelControl == .none { list += ["--no-model-control"] }
    if let device { list += ["--device", device] }
    for folder in librarySearchPath { list += ["--library-path", folder] }
    if let injectedFault { list += ["--inject", injectedFault.text, "--inject-epoch", "\(injectedFaultEpoch)"] }
    if let cacheDirectory { list += ["--cache", cacheDirectory] }
    return list
  }
}
