import FoundationEssentials

/// The engine is away, hung, ends again and again, or has nothing to serve. Speaks at once: the agent has made sure of it.
struct EngineRule: Rule {
  private static let restartWindowSeconds = 300.0
  /// So long after a restart it is still told of.
  private static let restartToldSeconds = 60.0
  /// So many ends within the window are more than bad luck.
  private static let manyRestarts: UInt64 = 3

  private var restarts: [(seconds: Double, total: UInt64)] = []
  private var lastRestarts: UInt64?
  /// What was said last, and since when that is so.
  private var told: (health: Health, since: Double)?

  mutating func judge(_ sample: HealthSample) -> [Finding] {
    guard var finding = verdict(sample) else {
      told = nil
      return []
    }
    let since = told?.health == finding.health ? told?.since ?? sample.seconds : sample.seconds
    told = (finding.health, since)
    finding.since = sample.date.addingTimeInterval(since - sample.seconds)
    return [finding]
  }

  private mutating func verdict(_ sample: HealthSample) -> Finding? {
    if let before = lastRestarts, sample.engineRestarts > before {
      restarts.append((sample.seconds, sample.engineRestarts - before))
    }
    lastRestarts = sample.engineRestarts
    restarts.removeAll { sample.seconds - $0.seconds > Self.restartWindowSeconds }
    let recent = restarts.reduce(0) { $0 + $1.total }
    let cause = sample.engineProblem.map { ": \($0)" } ?? ""
    switch sample.engineState {
    case .hung: return Finding(.engine, health: .faulty, text: "the engine does not answer\(cause)")
    case .restarting: return Finding(.engine, health: .faulty, text: "the engine is being restarted\(cause)")
    case .failed: return Finding(.engine, health: .faulty, text: "the engine cannot serve\(cause)")
    case .idle: return Finding(.engine, health: .degraded, text: "there is no model to serve\(cause)")
    case .starting where recent > 0:
      return Finding(.engine, health: .faulty, text: "the engine is starting again\(cause)")
    case .starting, .serving: break
    }
    guard let newest = restarts.last else { return nil }
    if recent >= Self.manyRestarts {
      return ends(recent, .faulty, "the engine ended \(recent) times within 5 min")
    }
    let age = sample.seconds - newest.seconds
    guard age <= Self.restartToldSeconds else { return nil }
    return ends(recent, .degraded, "the engine was restarted \(Int(age)) s ago\(cause)")
  }

  private func ends(_ count: UInt64, _ health: Health, _ text: String) -> Finding {
    Finding(
      .engine,
      health: health,
      text: text,
      value: Double(count),
      limit: Double(Self.manyRestarts),
      unit: "ends in 5 min"
    )
  }
}
