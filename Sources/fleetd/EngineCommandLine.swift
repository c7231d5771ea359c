import ArgumentParser
import FleetAgent
import FleetCore
import FleetServing
import Glibc

/// `fleetd engine`: the engine, started by an agent with its sockets as descriptors. Not for people.
struct EngineCommandLine: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "engine",
    abstract: "The engine process, which an agent starts.",
    shouldDisplay: false
  )

  @Option var node: String
  @Option var controlFd: Int32
  @Option var httpFd: Int32
  @Option var grpcFd: Int32?
  @Option var flightFd: Int32?
  @Option var authority: String?
  @Option var certificate: String?
  @Option var key: String?
  @Option var limits: String?
  @Flag var noModelControl = false
  @Option var device: String?
  @Option var libraryPath: [String] = []
  @Option var inject: String?
  @Option var injectEpoch: Double = 0
  @Option var cache: String?

  func run() async throws {
    ParentDeath.endWithParent()
    // Ctrl-C reaches the whole foreground group; when an engine ends is its agent's to say.
    signal(SIGINT, SIG_IGN)
    guard let name = NodeName(node) else { throw ValidationError("'\(node)' is not a node's name") }
    try await orExit(status: 1) {
      try await EngineProcess.run(
        EngineOptions(
          nodeName: name,
          controlDescriptor: controlFd,
          httpDescriptor: httpFd,
          grpcDescriptor: grpcFd,
          flightDescriptor: flightFd,
          siblingSecurity: siblingSecurity,
          limits: limits.map { try ServingLimits(parsing: $0) } ?? ServingLimits(),
          allowsModelControl: !noModelControl,
          waitsToServe: true,
          device: device,
          librarySearchPath: libraryPath,
          injectedFault: inject.map { try FaultInjection(parsing: $0) },
          injectedFaultEpoch: injectEpoch,
          cacheDirectory: cache
        )
      )
    }
    // Without destructors: threads of the runtime may still be at work.
    _exit(0)
  }

  private var siblingSecurity: SiblingSecurity {
    let security = SiblingSecurity(authority: authority, certificate: certificate, key: key)
    // It serves its clients all the same.
    if case .broken(let problem) = security { tell("no request is handed to siblings: \(problem)") }
    return security
  }
}
