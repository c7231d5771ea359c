internal import FleetCore
internal import FoundationEssentials

/// What a person can do about a node, the best first.
struct Advice {
  private let why: Why
  private let node: NodeState

  init(_ why: Why, node: NodeState) {
    self.why = why
    self.node = node
  }

  var lines: [String] {
    switch why.condition {
    case .connecting: return []
    case .unreachable: return unreachable
    case .healthy: return why.availability == .serving || why.availability == nil ? [] : [undrain]
    case .degraded, .faulty:
      var told: Set<String> = []
      let remedies = why.findings.flatMap(remedy)
      return (rollback + drain + remedies).filter { told.insert($0).inserted }
    }
  }

  private var unreachable: [String] {
    let takers = why.siblings.filter(\.isServing).map(\.name.description)
    return [
      "look at the box and its line: power, switch, 'systemctl status fleetd'",
      takers.isEmpty
        ? "nobody else of \(why.node.store) is known to serve"
        : "\(takers.joined(separator: ", ")) of its store serves",
    ]
  }

  private var undrain: String { "fleet undrain \(why.node)" }

  /// The change just before is the likely cause when it was another version.
  private var rollback: [String] {
    let isSlowOrWrong = why.findings.contains {
      [.engine, .latency, .latencyOfBefore, .errors, .energy].contains($0.rule)
    }
    let switches = why.changes.filter { $0.change.kind == .activated && ($0.secondsBefore ?? -1) >= 0 }
    let previous = node.description?.repository.first { $0.role == .previous }
    guard isSlowOrWrong, let last = switches.last, let previous else { return [] }
    let cause = "the likely cause came just before (\(last.change.text))"
    return ["\(cause): fleet rollback \(previous.version.name) --to \(why.node)"]
  }

  /// Taking it out of service helps the shop whatever the cause is, if somebody takes over.
  private var drain: [String] {
    guard why.availability == .serving else { return why.availability == nil ? [] : ["when it is mended: \(undrain)"] }
    let concernsClients = why.findings.contains {
      [.engine, .latency, .errors, .latencyOfBefore, .latencyOfSiblings, .temperature, .throttling].contains($0.rule)
    }
    guard concernsClients else { return [] }
    let healthy = why.siblings.filter { $0.isServing && $0.condition != .faulty }.map(\.name.description)
    guard !healthy.isEmpty else {
      return ["no sibling could take over: \(why.node) has to be mended while it serves"]
    }
    let reason = why.findings.first.map(\.rule.rawValue) ?? "faulty"
    return [
      "take it out of service, \(healthy.joined(separator: ", ")) takes over: "
        + "fleet drain \(why.node) --reason '\(reason)'"
    ]
  }

  private func remedy(_ finding: Finding) -> [String] {
    switch finding.rule {
    case .engine:
      return node.last?.engine.lastCrash.map {
        $0.lastWords.isEmpty ? [] : ["the engine's last words: \($0.lastWords.split(separator: "\n").last ?? "")"]
      } ?? []
    case .latency, .latencyOfBefore, .latencyOfSiblings:
      guard why.split?.main == .waiting else { return [] }
      return ["it is asked for more than it computes: send some of its clients to a sibling"]
    case .errors:
      return ["'fleet status --json \(why.node)' counts its errors; the engine's log on the box has their words"]
    case .temperature, .throttling: return ["look at the fan and the air around the box"]
    case .energy: return ["look for what else runs on the box, and at its fan"]
    case .disk: return ["fewer versions may be kept (--keep-versions), or something else fills the disk"]
    case .clock: return ["set the clock, and see why the time service does not"]
    case .certificate: return ["fleet ca issue --node \(why.node), copy it there and restart its agent"]
    case .probe, .reading:
      return ["a sensor or its driver is broken; what it says is not shown, and serving goes on without it"]
    }
  }
}
