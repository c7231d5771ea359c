import ArgumentParser
import FleetCore
import Foundation

/// The flags of `fleet demo` that make its fleet a simulated one.
struct SimulationOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Simulate so many nodes in this process instead, 1 to 2000: real connections, invented boxes and traffic.",
      valueName: "nodes"
    )
  )
  var simulate: Int?

  @Option(help: ArgumentHelp("Simulated nodes of a store, 1 to 26.", valueName: "nodes"))
  var perStore: Int = 4

  @Option(help: ArgumentHelp("What is drawn for the simulation is drawn from this: the same again with the same."))
  var seed: UInt64 = 1

  @Option(help: ArgumentHelp("Share of simulated nodes that are slow, fail requests or run hot.", valueName: "share"))
  var faulty: String = "0%"

  @Option(
    help: ArgumentHelp("Share of simulated nodes that are offline in spells, from the start.", valueName: "share")
  )
  var offline: String = "0%"

  @Option(
    help: ArgumentHelp("Share of simulated nodes that go away in the middle of a transfer.", valueName: "share")
  )
  var vanish: String = "0%"

  @Option(help: ArgumentHelp("How long those stay away, more or less.", valueName: "time"))
  var away: String = "60s"

  @Option(help: ArgumentHelp("What the line to each simulated store carries, such as 2MB/s.", valueName: "rate"))
  var line: String?

  @Option(
    help: ArgumentHelp("The simulated stores' hour of the day at the start (default: the true one).", valueName: "hour")
  )
  var hour: Double?

  /// Nil when no simulation was asked for. Throws a `UsageError` with every problem.
  func settings() throws -> SimulationSettings? {
    guard let simulate else { return nil }
    var problems: [String] = []
    func share(_ text: String, _ flag: String) -> Double {
      if let value = Quantity.fraction(text) { return value }
      problems.append("\(flag): expected a share such as '30%', found '\(text)'")
      return 0
    }
    if !SimulationSettings.nodeBounds.contains(simulate) {
      problems.append(
        "--simulate: expected 1 to \(SimulationSettings.nodeBounds.upperBound) nodes, found '\(simulate)'"
      )
    }
    if !SimulationSettings.storeBounds.contains(perStore) {
      problems.append(
        "--per-store: expected 1 to \(SimulationSettings.storeBounds.upperBound) nodes, found '\(perStore)'"
      )
    }
    let (faulty, offline, vanish) = (share(faulty, "--faulty"), share(offline, "--offline"), share(vanish, "--vanish"))
    let away = Quantity.duration(away) ?? .zero
    if away < .seconds(1) {
      problems.append("--away: expected a time such as '60s', 1s at least, found '\(self.away)'")
    }
    let rate = line.flatMap { $0.hasSuffix("/s") ? Quantity.bytes(String($0.dropLast(2))) : nil }
    if let line, rate ?? 0 < 1 { problems.append("--line: expected a rate such as '2MB/s', found '\(line)'") }
    if let hour, !(0...24).contains(hour) { problems.append("--hour: expected 0 to 24, found '\(hour)'") }
    guard problems.isEmpty else { throw UsageError(problems.joined(separator: "\n")) }
    return SimulationSettings(
      nodes: simulate,
      nodesPerStore: perStore,
      seed: seed,
      faulty: faulty,
      offline: offline,
      away: away,
      vanishing: vanish,
      lineBytesPerSecond: rate.map { Double($0) },
      hour: hour
    )
  }
}
