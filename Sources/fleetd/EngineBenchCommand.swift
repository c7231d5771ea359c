import ArgumentParser
import FleetCore
import FleetServing
import FoundationEssentials
import Glibc

/// `fleetd bench-engine`: the engine without a server, on this machine. What `make bench` holds a server's figures against.
struct EngineBenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench-engine",
    abstract: "Measure the engine alone: calls it directly, and prints JSON.",
    shouldDisplay: false
  )

  @Option(help: "The folder of a model's version.") var model: String
  @Option(help: "How many threads call it.") var callers = 1
  @Option(help: "What the driver is asked to be good at: auto, latency or throughput.") var hint = "latency"
  @Option(help: "For how long, such as 5s.") var duration = "5s"
  @Option var device: String?
  @Option var libraryPath: [String] = []

  func run() throws {
    guard let hint = ModelOptions.Hint(rawValue: hint) else {
      throw ValidationError("--hint: expected auto, latency or throughput, found '\(hint)'")
    }
    guard let duration = Quantity.duration(duration), duration > .zero else {
      throw ValidationError("--duration: expected a duration such as '5s', found '\(duration)'")
    }
    guard (1...256).contains(callers) else {
      throw ValidationError("--callers: expected 1 to 256, found '\(callers)'")
    }
    let figures = try orExit(status: 1) {
      let engine = try OpenVINOEngine(searchPath: libraryPath, device: device)
      var options = ModelOptions()
      options.hint = hint
      let loop = try EngineLoop(engine.load(folder: model, options: options))
      return try loop.run(callers: callers, duration: duration)
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    print(String(decoding: try encoder.encode(figures), as: UTF8.self))
    fflush(nil)
    // Without destructors: threads of the runtime may still be at work.
    _exit(0)
  }
}
