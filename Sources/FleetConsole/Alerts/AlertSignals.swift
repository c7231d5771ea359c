internal import FleetCore

/// What of the symptoms holds: hysteresis for every node and family. No clock of its own.
///
///     pending ──holds long enough──▶ active ──gone──▶ clearing ──long enough──▶ quiet ──forgotten──▶
///        │                             ▲                 │                       │
///        └──gone──▶ quiet or forgotten └─────back────────┘      pending ◀──back──┘
///
/// Each time one comes back it takes twice as long to clear, so that a flapping one does not raise alert after alert. Of a node that
/// cannot be reached nothing begins and nothing ends but that.
package struct AlertSignals: Sendable, Equatable {
  /// How long a symptom must hold, in seconds: a critical one just as long as it takes others of the same cause to show.
  static let criticalAfter = 3.0
  static let warningAfter = 20.0
  /// On top of the 5 s of silence after which a node counts as unreachable.
  static let unreachableAfter = 10.0
  static let clearAfter = 60.0
  /// How often that doubles: 32 minutes at most.
  static let maximumDoublings = 5
  static let adoptAfter = 30.0
  /// How long a quiet one is remembered.
  static let memory = 3600.0

  struct Key: Hashable, Sendable {
    var node: NodeName
    var family: AlertKind.Family
  }

  enum Phase: Equatable, Sendable {
    case pending(since: Double)
    case active
    case clearing(since: Double)
    case quiet(since: Double)
  }

  struct Signal: Equatable, Sendable {
    /// What it was when it became active; it may only become worse.
    var symptom: AlertSymptom
    var phase: Phase
    /// How often it came back.
    var returns = 0

    var isActive: Bool {
      switch phase {
      case .active, .clearing: true
      case .pending, .quiet: false
      }
    }
  }

  private(set) var signals: [Key: Signal] = [:]

  package init() {}

  /// Takes open alerts for what holds until it is seen that it does not. What has just become quiet here stays so: the list may be older.
  mutating func adopt(_ alerts: [Alert], at now: Double) {
    for alert in alerts where alert.isOpen {
      let cause = alert.cause
      for node in alert.nodes {
        let key = Key(node: node, family: cause.kind.family)
        switch signals[key]?.phase {
        case .active, .clearing: continue
        case .quiet(let since) where now - since < Self.adoptAfter: continue
        case .pending, .quiet, nil: break
        }
        let symptom = AlertSymptom(cause.kind, subject: cause.subject, alert.severity, alert.text)
        signals[key] = Signal(symptom: symptom, phase: .active, returns: max(0, alert.count - 1))
      }
    }
  }

  /// `now` is in seconds of a clock that never jumps.
  mutating func update(_ survey: AlertSurvey, at now: Double) {
    // Most nodes of a large fleet are well and have none.
    var left = Set(signals.keys.map(\.node))
    for node in survey.nodes {
      guard left.remove(node.name) != nil || !node.symptoms.isEmpty else { continue }
      let worst = Dictionary(node.symptoms.map { ($0.kind.family, $0) }) { $1.isWorse(than: $0) ? $1 : $0 }
      for (family, symptom) in worst { see(symptom, Key(node: node.name, family: family), at: now) }
      for family in AlertKind.Family.allCases where worst[family] == nil {
        let key = Key(node: node.name, family: family)
        if signals[key] == nil { continue }
        if node.isHeard { miss(key, at: now) } else { hold(key) }
      }
    }
    // Nothing is known of nodes that are out of view.
    if !left.isEmpty { signals = signals.filter { !left.contains($0.key.node) } }
  }

  /// What is active now, in a fixed order.
  var sightings: [AlertSighting] {
    signals.filter { $0.value.isActive }
      .map { AlertSighting($0.key.node, $0.value.symptom, returns: $0.value.returns) }
      .sorted { ($0.node, $0.symptom.kind.rank) < ($1.node, $1.symptom.kind.rank) }
  }

  private mutating func see(_ symptom: AlertSymptom, _ key: Key, at now: Double) {
    guard var signal = signals[key] else {
      signals[key] = Signal(symptom: symptom, phase: .pending(since: now))
      return
    }
    defer { signals[key] = signal }
    switch signal.phase {
    case .quiet:
      signal.symptom = symptom
      signal.phase = .pending(since: now)
      return
    case .active: break
    case .clearing:
      signal.phase = .active
      signal.returns += 1
    case .pending(let since):
      signal.symptom = symptom
      guard now - since >= Self.delay(of: symptom) else { return }
      signal.phase = .active
      return
    }
    if signal.symptom.severity < symptom.severity {
      signal.symptom.severity = symptom.severity
      signal.symptom.text = symptom.text
    }
  }

  private mutating func miss(_ key: Key, at now: Double) {
    guard var signal = signals[key] else { return }
    switch signal.phase {
    case .pending: signal.phase = .quiet(since: now)
    case .active: signal.phase = .clearing(since: now)
    case .clearing(let since):
      guard now - since >= Self.clearTime(signal.returns) else { return }
      signal.phase = .quiet(since: now)
      signal.returns += 1
    case .quiet(let since):
      guard now - since >= Self.memory || signal.returns == 0 else { return }
      signals[key] = nil
      return
    }
    signals[key] = signal
  }

  /// Nothing is known of it: what was clearing has not cleared, what was pending has to begin anew.
  private mutating func hold(_ key: Key) {
    switch signals[key]?.phase {
    case .clearing: signals[key]?.phase = .active
    case .pending where signals[key]?.returns == 0: signals[key] = nil
    case .pending(let since): signals[key]?.phase = .quiet(since: since)
    case .active, .quiet, nil: break
    }
  }

  private static func delay(of symptom: AlertSymptom) -> Double {
    if symptom.kind == .unreachable { return unreachableAfter }
    return symptom.severity == .critical ? criticalAfter : warningAfter
  }

  static func clearTime(_ returns: Int) -> Double {
    clearAfter * Double(1 << min(returns, maximumDoublings))
  }
}
