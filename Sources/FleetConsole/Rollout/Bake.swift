internal import FleetCore
internal import FoundationEssentials

/// Watches a node through its frames while it serves a version on probation, and says what its gate makes of them. A value
/// without a clock: `seconds` only grow.
struct Bake: Sendable {
  enum News: Sendable, Equatable {
    /// Given again and again while it bakes: what the gate would say now, and the part of the time that is over.
    case watching(GateVerdict, fraction: Double)
    case judged(GateVerdict)
    case superseded(ModelVersion)
    case failed(CommandError)
  }

  let plan: RolloutPlan
  let before: GateWindow
  /// What it would go back to by itself.
  let previous: ModelVersion?
  let engineDown: Double
  var golden: Evidence<GoldenResult>
  private var meter: WindowMeter
  private var start: Double?
  private var downSince: Double?

  init(
    _ plan: RolloutPlan,
    before: GateWindow,
    previous: ModelVersion?,
    golden: Evidence<GoldenResult>,
    engineDown: Double
  ) {
    self.plan = plan
    self.before = before
    self.previous = previous
    self.golden = golden
    self.engineDown = engineDown
    meter = WindowMeter(plan.version, digest: plan.digest)
  }

  mutating func note(_ frame: Frame, at seconds: Double) -> News {
    let begun = start ?? seconds
    start = begun
    meter.add(frame)
    if let trouble = trouble(in: frame, at: seconds) { return trouble }
    let elapsed = seconds - begun
    let verdict = verdict
    let bake = plan.strategy.bake.seconds
    // Wrong answers do not become right by waiting.
    let isWrong = plan.strategy.gate.conditions.enumerated().contains { index, condition in
      condition.measure == .accuracy && verdict.findings[index].outcome == .failed
    }
    guard elapsed >= bake || isWrong else {
      return .watching(verdict, fraction: bake > 0 ? elapsed / bake : 1)
    }
    return .judged(verdict)
  }

  /// What the gate says of all that was seen so far.
  var verdict: GateVerdict {
    var now = meter.window
    now.golden = golden
    return plan.strategy.gate.evaluate(
      GateEvidence(now: now, before: before),
      minimumSamples: plan.strategy.minimumSamples
    )
  }

  /// Another version in its place, or an engine that does not come up again.
  private mutating func trouble(in frame: Frame, at seconds: Double) -> News? {
    let served = frame.models.filter { $0.name == plan.version.name }
    if frame.engine.state == .serving, served.contains(where: { $0.digest == plan.digest }) {
      downSince = nil
      return nil
    }
    if frame.engine.state == .serving, let other = served.first {
      let version = ModelVersion(name: other.name, number: other.version)
      guard version == previous else { return .superseded(version) }
      let why = frame.engine.lastCrash.map { ": \($0.cause)" } ?? ""
      return .failed(CommandError(.unusable, "it went back to \(version), by itself or by an operator\(why)"))
    }
    let since = downSince ?? seconds
    downSince = since
    guard seconds - since >= engineDown else { return nil }
    let why = frame.engine.problem.map { ": \($0)" } ?? ""
    return .failed(CommandError(.unusable, "its engine is \(frame.engine.state.rawValue)\(why)"))
  }
}
