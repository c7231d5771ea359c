package import FleetCore
internal import FoundationEssentials

extension Why {
  /// Changes that came at most so long before the trouble may explain it, in seconds.
  static let lookBack = 300.0
  private static let newestChanges = 5
  private static let mostChanges = 12

  /// Nil for a node that is not of this fleet.
  package init?(_ name: NodeName, in state: FleetState) {
    guard let node = state.node(name) else { return nil }
    let frame = node.last
    self.node = name
    time = state.now.date
    condition = node.condition(at: state.now)
    availability = frame?.availability
    isSimulated = frame?.isSimulated ?? node.description?.isSimulated
    ageSeconds = node.age(at: state.now)
    newsTime = frame?.time
    linkError = node.linkError
    injectedFault = frame?.injectedFault
    findings = frame?.findings ?? []
    reasons = frame?.reasons ?? []
    split = TimeSplit(node.metrics)
    siblings = state.siblings(of: name).map { Self.sibling($0, at: state.now) }
    numbers = Self.numbers(node, slo: state.definition.slo)
    health = frame?.health
    let worst = findings.first?.health
    let since = findings.filter { $0.health == worst }.compactMap(\.since).min()
    self.since = since
    changes = Self.changes(node.description?.changes ?? [], since: since)
    summary = ""
    advice = []
    summary = sentence
    advice = Advice(self, node: node).lines
  }

  private static func sibling(_ node: NodeState, at now: Moment) -> Sibling {
    let isReachable = node.isReachable(at: now)
    return Sibling(
      name: node.name,
      condition: node.condition(at: now),
      isServing: node.isServing(at: now),
      versions: node.metrics.models.map(\.version),
      p99: isReachable ? node.metrics.latency.milliseconds(atPercentile: 99) : nil,
      requestsPerSecond: isReachable ? node.metrics.requestsPerSecond : nil
    )
  }

  private static func numbers(_ node: NodeState, slo: ServiceLevel) -> [Number] {
    guard let frame = node.last else { return [] }
    let metrics = node.metrics
    let p99 = metrics.latency.milliseconds(atPercentile: 99)
    let errors = metrics.models.compactMap(\.errorsPerSecond).reduce(nil) { ($0 ?? 0) + $1 }
    let share = errors.flatMap { errors in
      metrics.requestsPerSecond.flatMap { $0 > 0 ? Reading.measured(errors / $0 * 100) : nil }
    }
    let silence = Reading.absent("no request in the last 10 s")
    return [
      Number(name: "p99", reading: p99.map { .measured($0) } ?? silence, limit: slo.p99.milliseconds, unit: "ms"),
      Number(name: "errors", reading: share ?? silence, limit: slo.errors * 100, unit: "%"),
      Number(
        name: "rate",
        reading: metrics.requestsPerSecond.map { .measured($0) } ?? .absent("no earlier frame to compare with"),
        limit: nil,
        unit: "req/s"
      ),
      Number(name: "temperature", reading: metrics.celsius, limit: slo.celsius, unit: "°C"),
      Number(name: "power", reading: metrics.watts, limit: nil, unit: "W"),
      Number(name: "energy", reading: metrics.joulesPerInference, limit: nil, unit: "J/inference"),
      Number(name: "free disk", reading: frame.diskFreeBytes.map { $0 / 1e9 }, limit: nil, unit: "GB"),
    ]
  }

  private static func changes(_ all: [NodeChange], since: Date?) -> [Change] {
    guard let since else {
      return all.suffix(newestChanges).map { Change(change: $0, secondsBefore: nil) }
    }
    let near = all.filter { since.timeIntervalSince($0.time) <= lookBack }
    return near.suffix(mostChanges).map { Change(change: $0, secondsBefore: since.timeIntervalSince($0.time)) }
  }

  /// What is the matter.
  private var sentence: String {
    switch condition {
    case .connecting: return "\(node) has not been heard of yet"
    case .unreachable:
      let link = linkError ?? "the link is there, but nothing comes over it"
      guard let ageSeconds else { return "\(node) is unreachable, and never was reached: \(link)" }
      let reason = reasons.first.map { ": \($0)" } ?? ""
      let then = "\(health?.rawValue ?? "of unknown health")\(reason)"
      return "\(node) is unreachable: \(link); it was heard of \(Format.age(ageSeconds)) ago, and was \(then)"
    case .healthy:
      let drained = availability.map { $0 == .serving ? "" : ", and \($0.rawValue)" } ?? ""
      return "\(node) is healthy\(drained): no rule has anything to say against it"
    case .degraded, .faulty:
      guard let reason = reasons.first else { return "\(node) is \(condition.rawValue), and does not say why" }
      return "\(node) is \(condition.rawValue): \(reason)" + (findings.first.map(cause) ?? "")
    }
  }

  /// Where the time goes, of what is slow.
  private func cause(of finding: Finding) -> String {
    guard [.latency, .latencyOfBefore, .latencyOfSiblings].contains(finding.rule), let split else { return "" }
    let total = Format.number(split.total)
    switch split.main {
    case .computing: return "; the accelerator itself is slow (\(Format.number(split.computing)) of \(total) ms)"
    case .waiting: return "; requests wait for the accelerator (\(Format.number(split.waiting)) of \(total) ms)"
    case .elsewhere:
      let fault = injectedFault.map { ", as was asked for: \($0)" } ?? ""
      return "; answers are held up outside the accelerator (\(Format.number(split.elsewhere)) of \(total) ms)\(fault)"
    case nil: return ""
    }
  }
}
