import ArgumentParser
import FleetAgent
import FleetCore
import FleetWire
import Logging
import ServiceLifecycle
import UnixSignals

/// `fleetd run`: the agent. Its services are listed in the order in which they depend on each other; they end in reverse.
struct RunCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Run the agent of this box, with its engine.",
    discussion: """
      Each setting can be given as a flag, in the environment, or in the JSON file of --config, in that order of precedence;
      the names of the latter two stand in brackets. Values carry their units: 50ms, 1%, 85C, 15W.
      """
  )

  @OptionGroup var options: RunOptions

  func run() async throws {
    let configuration = try orExit(status: 2) { try options.configuration }
    let log = DaemonLog.start(level: configuration.logLevel, node: configuration.node)
    let credentials = try orExit(status: 1) {
      try Credentials(
        authorityFile: configuration.authority,
        certificateFile: configuration.certificate,
        keyFile: configuration.key
      )
    }
    let parts = try await orExit(status: 1) {
      try await AgentParts.open(configuration, version: BuildVersion.text, log: log, credentials: credentials)
    }
    let control = try orExit(status: 1) {
      try ControlService(parts.agent, at: configuration.control.description, credentials)
    }
    var services: [any Service] = [
      parts.supervisor, parts.budget, parts.drain, parts.siblings, parts.sampler, parts.probation, control,
    ]
    if let socket = parts.metrics { services.append(MetricsService(board: parts.board, socket: socket)) }
    if options.exitWithStdin { services.append(StandardInputEnd()) }
    let grpc = parts.sockets.grpc.map { ", grpc://\($0.address)" } ?? ""
    let metrics = parts.metrics.map { ", metrics http://\($0.address)/metrics" } ?? ""
    log.notice(
      "serving http://\(parts.sockets.http.address)\(grpc)\(metrics), control \(configuration.control), state '\(configuration.stateDirectory)'"
    )
    var group = ServiceGroupConfiguration(
      services: services.map {
        .init(service: $0, successTerminationBehavior: .gracefullyShutdownGroup)
      },
      gracefulShutdownSignals: [.sigterm, .sigint],
      logger: DaemonLog.quiet
    )
    group.maximumGracefulShutdownDuration = .seconds(10)
    // The parts hold the lock of the state folder, which must last as long as any service.
    defer { withExtendedLifetime(parts) {} }
    try await orExit(status: 1) { try await ServiceGroup(configuration: group).run() }
  }
}
