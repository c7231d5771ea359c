import ArgumentParser
import FleetConfiguration
import FleetConsole
import FleetCore
import Foundation
import NIOPosix

struct DemoCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "demo",
    abstract: "Run a whole fleet on this machine: real agents, a real engine, shoppers, and the dashboard."
  )

  @Option(help: ArgumentHelp("The fleet to run.", valueName: "file"))
  var fleet: String = "fleet.yaml"

  @Option(help: ArgumentHelp("Where all that the demo writes goes; emptied at the start.", valueName: "folder"))
  var state: String = ".demo"

  @Option(help: ArgumentHelp("Requests per second of all shoppers together; 0 for none.", valueName: "rate"))
  var traffic: Double = 90

  @Option(
    help: ArgumentHelp("The node that fails, and how: 'STORE/NODE FAULT'; 'none' for no fault.", valueName: "fault")
  )
  var fault: String = "denver-02/b latency=120ms after=45s"

  @Flag(help: "No screen: print one JSON line when all is ready, and end on SIGTERM or SIGINT.")
  var headless = false

  @Option(help: ArgumentHelp("Theme file or name of the dashboard's theme.", valueName: "theme"))
  var theme: String?

  @OptionGroup(title: "Simulated fleets") var simulation: SimulationOptions

  func run() async throws {
    if let settings = try simulation.settings() { return try await simulate(settings) }
    guard traffic >= 0, traffic <= 10_000 else {
      throw UsageError("--traffic: expected 0 to 10000 requests per second, found '\(traffic)'")
    }
    let definition = try FleetFile.read(path: fleet)
    guard let source = definition.models.first else { throw DemoError("\(fleet) names no model to serve") }
    let model = try LocalModel(folder: "\(source.path)/1")
    let themes = try screenThemes()
    let images = try DigitImages(
      model: source.name,
      folder: URL(filePath: source.path).deletingLastPathComponent().appending(path: "golden")
    )
    let folder = try DemoFolder.prepare(path: state)
    let plan = try DemoPlan(fleet: definition, fault: try parsedFault())
    let signals = StopSignals()
    let demo = try DemoFleet.start(plan: plan, folder: folder, fleetd: try Self.fleetd())
    do {
      try await DemoSession(demo: demo, model: model, images: images, rate: traffic).run(
        headless: headless,
        themes: themes,
        signals: signals
      )
    } catch {
      await demo.stop()
      throw error
    }
    await demo.stop()
  }

  /// The same with simulated boxes, which bring their own traffic and faults.
  private func simulate(_ settings: SimulationSettings) async throws {
    let definition = try FleetFile.read(path: fleet)
    guard let source = definition.models.first else { throw DemoError("\(fleet) names no model to serve") }
    let model = try LocalModel(folder: "\(source.path)/1")
    let themes = try screenThemes()
    try DescriptorLimit.raise(forNodes: settings.nodes)
    let folder = try DemoFolder.prepare(path: state)
    let signals = StopSignals()
    if !headless { Complaint.print("Simulating \(settings.nodes) nodes ...") }
    let simulated = try await SimulatedFleet.prepare(settings, base: definition, model: model.manifest, in: folder)
    try await SimulationSession(fleet: simulated).run(headless: headless, themes: themes, signals: signals)
  }

  /// Whatever can be wrong with the screen is found before anything is started.
  private func screenThemes() throws -> [Theme] {
    if headless { return [] }
    let themes = try ThemeChoice.themes(wanted: theme)
    guard isatty(STDIN_FILENO) == 1, isatty(STDOUT_FILENO) == 1 else {
      throw DemoError("the dashboard needs a terminal; 'fleet demo --headless' does without")
    }
    return themes
  }

  private func parsedFault() throws -> (node: NodeName, text: String)? {
    if fault == "none" || fault.isEmpty { return nil }
    let parts = fault.split(separator: " ", maxSplits: 1).map(String.init)
    guard parts.count == 2, let node = NodeName(parts[0]) else {
      throw UsageError("--fault: expected 'STORE/NODE FAULT' such as 'denver-02/b latency=120ms', found '\(fault)'")
    }
    _ = try FaultInjection(parsing: parts[1])
    return (node, parts[1])
  }

  /// The agent's program, which is built beside this one.
  private static func fleetd() throws -> URL {
    let own = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
    let program = own.deletingLastPathComponent().appending(path: "fleetd")
    guard FileManager.default.isExecutableFile(atPath: program.path(percentEncoded: false)) else {
      throw DemoError("no 'fleetd' beside \(own.path(percentEncoded: false)); build both with 'make build'")
    }
    return program
  }
}
