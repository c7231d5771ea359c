import ArgumentParser
import FleetCore

/// `fleetd`: what runs on each box.
@main
struct FleetDaemon: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fleetd",
    abstract: "Serves models on this box, and watches over it for the fleet.",
    version: BuildVersion.text,
    subcommands: [RunCommand.self, EngineCommandLine.self, EngineBenchCommand.self]
  )
}
