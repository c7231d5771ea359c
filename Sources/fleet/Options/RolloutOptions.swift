import ArgumentParser
import FleetCore

/// How a push goes from store to store. Without any of these it goes from node to node, at once.
struct RolloutOptions: ParsableArguments {
  @Option(help: ArgumentHelp("A strategy of fleet.yaml, or 'default'; what follows changes it.", valueName: "name"))
  var strategy: String?

  @Option(help: ArgumentHelp("Stores reached after each wave, such as 1,10%,50%,100%.", valueName: "list"))
  var waves: String?

  @Option(help: ArgumentHelp("How long a node serves it before its gate is asked, such as 60s.", valueName: "time"))
  var bake: String?

  @Option(
    help: ArgumentHelp(
      "What a node must measure, such as 'p99 < 50ms and errors < 0.5% and j_per_inf < 1.15 * before and accuracy >= 97%'.",
      valueName: "conditions"
    )
  )
  var gate: String?

  @Option(help: ArgumentHelp("When it ends, such as 'failed >= 3 and failed >= 10%'.", valueName: "conditions"))
  var abort: String?

  @Option(help: ArgumentHelp("How long to wait for nodes that cannot be reached, such as 10m.", valueName: "time"))
  var wait: String?

  @Option(
    help: ArgumentHelp("When bytes may go to a store, by its own clock, such as 22:00-05:00.", valueName: "hours")
  )
  var window: String?

  @Option(help: ArgumentHelp("The most that one node gets, such as 2MB/s.", valueName: "rate"))
  var limit: String?

  @Option(help: ArgumentHelp("The most that goes over the line of one store.", valueName: "rate"))
  var storeLimit: String?

  @Option(help: ArgumentHelp("The most that is sent to all nodes together.", valueName: "rate"))
  var fleetLimit: String?

  @Flag(help: "Only say what would happen and where it would fail; no byte moves.")
  var plan = false

  @Flag(help: "Do not follow the rollout: 'fleet jobs watch' does.")
  var detach = false

  /// Limits alone make no rollout: they hold for a push from node to node, too.
  var isAsked: Bool { plan || detach || [strategy, waves, bake, gate, abort, wait, window].contains { $0 != nil } }

  /// `named` counts when no strategy is asked for. Throws a `UsageError` with every problem of every option.
  func strategy(of fleet: FleetDefinition, otherwise named: String? = nil) throws -> RolloutStrategy {
    var problems: [String] = []
    var made = RolloutStrategy()
    if let strategy = strategy ?? named {
      do {
        made = try fleet.strategy(named: strategy)
      } catch {
        problems.append("--strategy: \(error.message)")
      }
    }
    func rule<Rule: WrittenRule>(_ name: String, _ text: String?, _ place: inout Rule) where Rule.Failure == RuleError {
      guard let text else { return }
      do {
        place = try Rule(parsing: text)
      } catch {
        problems += error.problems.map { "\(name), column \($0.column): \($0.text)" }
      }
    }
    func duration(_ name: String, _ text: String?, _ place: inout Duration) {
      guard let text else { return }
      guard let value = Quantity.duration(text) else {
        problems.append("\(name): expected a duration such as '60s', found '\(text)'")
        return
      }
      place = value
    }
    func line<Rule: WrittenRule>(_ name: String, _ text: String?, _ place: inout Rule?)
    where Rule.Failure == CommandError {
      guard let text else { return }
      do throws(CommandError) {
        place = try Rule(parsing: text)
      } catch {
        problems.append("\(name): \(error.message)")
      }
    }
    rule("--waves", waves, &made.waves)
    rule("--gate", gate, &made.gate)
    rule("--abort", abort, &made.abort)
    duration("--bake", bake, &made.bake)
    duration("--wait", wait, &made.returnTimeout)
    line("--window", window, &made.window)
    line("--limit", limit, &made.nodeLimit)
    line("--store-limit", storeLimit, &made.storeLimit)
    line("--fleet-limit", fleetLimit, &made.fleetLimit)
    guard problems.isEmpty else { throw UsageError(problems.joined(separator: "\n")) }
    return made
  }
}
