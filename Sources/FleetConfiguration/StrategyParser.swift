import FleetCore

/// Makes values of the `strategies` of `fleet.yaml`. What is left out has the default of `RolloutStrategy`.
enum StrategyParser {
  private static let optional = [
    "waves", "bake", "gate", "abort", "minimum_samples", "step_timeout", "return_timeout", "undecided_timeout",
    "stores_at_once", "window", "limit", "store_limit", "fleet_limit",
  ]

  static func strategy(_ value: YAMLValue) -> RolloutStrategy? {
    guard let table = value.table(required: ["name"], optional: optional) else { return nil }
    let name = table["name"]?.name()
    var strategy = RolloutStrategy(name: name ?? "")
    if let waves: Waves = table["waves"].flatMap(rule) { strategy.waves = waves }
    if let gate: Gate = table["gate"].flatMap(rule) { strategy.gate = gate }
    if let abort: AbortRule = table["abort"].flatMap(rule) { strategy.abort = abort }
    if let bake = table["bake"]?.duration() { strategy.bake = bake }
    if let count = table["minimum_samples"]?.integer(within: RolloutStrategy.minimumSamplesBounds) {
      strategy.minimumSamples = count
    }
    if let timeout = table["step_timeout"]?.positiveDuration() { strategy.stepTimeout = timeout }
    if let timeout = table["return_timeout"]?.duration() { strategy.returnTimeout = timeout }
    if let timeout = table["undecided_timeout"]?.duration() { strategy.undecidedTimeout = timeout }
    if let count = table["stores_at_once"]?.integer(within: RolloutStrategy.storesAtOnceBounds) {
      strategy.storesAtOnce = count
    }
    strategy.window = table["window"].flatMap(line)
    strategy.nodeLimit = table["limit"].flatMap(line)
    strategy.storeLimit = table["store_limit"].flatMap(line)
    strategy.fleetLimit = table["fleet_limit"].flatMap(line)
    return name == nil ? nil : strategy
  }

  private static func line<Rule: WrittenRule>(_ value: YAMLValue) -> Rule? where Rule.Failure == CommandError {
    guard let text = value.text() else { return nil }
    do {
      return try Rule(parsing: text)
    } catch {
      value.report(error.message)
      return nil
    }
  }

  /// Reports each problem of the rule's text with its column in that text, which begins where the value does.
  private static func rule<Rule: WrittenRule>(_ value: YAMLValue) -> Rule? where Rule.Failure == RuleError {
    guard let text = value.text() else { return nil }
    do {
      return try Rule(parsing: text)
    } catch {
      for problem in error.problems { value.report("column \(problem.column): \(problem.text)") }
      return nil
    }
  }
}

extension YAMLValue {
  fileprivate func integer(within bounds: ClosedRange<Int>) -> Int? {
    parsed("a whole number from \(bounds.lowerBound) to \(bounds.upperBound)") { text in
      Int(text).flatMap { bounds.contains($0) ? $0 : nil }
    }
  }

  fileprivate func positiveDuration() -> Duration? {
    parsed("a duration such as '10m'") { text in Quantity.duration(text).flatMap { $0 > .zero ? $0 : nil } }
  }
}
