internal import FleetCore
internal import FoundationEssentials

/// What a console sees of each node at one moment, as symptoms. What it knows of a node that it cannot reach is old, so such a node
/// shows that and nothing else.
struct AlertSurvey: Equatable {
  struct Node: Equatable {
    var name: NodeName
    /// Whether what it does not show is known to be over.
    var isHeard: Bool
    var symptoms: [AlertSymptom]
  }

  /// How long a drain may go on past its deadline before that is a symptom, in seconds.
  static let drainGrace = 5.0

  var nodes: [Node]

  init(nodes: [Node]) { self.nodes = nodes }

  init(_ state: FleetState) {
    let now = state.now
    let gone = Self.goneStores(state)
    nodes = state.nodes.map { node in
      switch node.condition(at: now) {
      case .connecting: Node(name: node.name, isHeard: false, symptoms: [])
      case .unreachable:
        Node(name: node.name, isHeard: false, symptoms: [Self.unreachable(node, gone[node.name.store])])
      case .healthy, .degraded, .faulty:
        Node(name: node.name, isHeard: true, symptoms: node.last.map(Self.symptoms) ?? [])
      }
    }
  }

  /// Stores of which no node can be reached, with how many nodes they have. One of which not all nodes are in view is not known to
  /// be gone.
  private static func goneStores(_ state: FleetState) -> [String: Int] {
    var counts: [String: Int] = [:]
    var others: Set<String> = []
    for node in state.nodes {
      counts[node.name.store, default: 0] += 1
      let siblings = node.description?.siblings ?? []
      if node.condition(at: state.now) != .unreachable || siblings.contains(where: { state.node($0) == nil }) {
        others.insert(node.name.store)
      }
    }
    return counts.filter { !others.contains($0.key) }
  }

  private static func unreachable(_ node: NodeState, _ gone: Int?) -> AlertSymptom {
    let why = node.linkError.map { ": \($0)" } ?? ""
    guard let gone else { return AlertSymptom(.unreachable, .warning, "unreachable\(why)") }
    let others = gone == 1 ? "the store has no other node" : "nobody else in the store answers"
    return AlertSymptom(.unreachable, .critical, "unreachable, and \(others)\(why)")
  }

  private static func symptoms(_ frame: Frame) -> [AlertSymptom] {
    var symptoms = frame.findings.filter { $0.health > .healthy }.map { finding in
      AlertSymptom(
        AlertKind(finding.rule),
        subject: subject(finding, frame),
        AlertSeverity(finding.health),
        finding.text
      )
    }
    if frame.health > .healthy, symptoms.isEmpty {
      let text = frame.reasons.first ?? "\(frame.health.rawValue), and it does not say why"
      symptoms.append(AlertSymptom(.health, AlertSeverity(frame.health), text))
    }
    if let drain = overdue(frame) { symptoms.append(drain) }
    if let autoDrain = frame.autoDrain.flatMap(Self.autoDrain) { symptoms.append(autoDrain) }
    return symptoms
  }

  /// A model as the version that is served: a bad version is one cause at many nodes.
  private static func subject(_ finding: Finding, _ frame: Frame) -> String {
    let model = frame.models.first { $0.name == finding.subject }
    return model.map { "\($0.name)@\($0.version)" } ?? finding.subject
  }

  private static func overdue(_ frame: Frame) -> AlertSymptom? {
    guard frame.availability == .draining, let drain = frame.drain else { return nil }
    let late = frame.time.timeIntervalSince(drain.deadline)
    guard late > drainGrace else { return nil }
    let inFlight = frame.models.reduce(0) { $0 + $1.inFlight }
    let oldest = drain.oldest.map { ", the oldest \($0.id) from \($0.client)" } ?? ""
    return AlertSymptom(
      .drain,
      .critical,
      "still draining \(Format.age(late)) past its deadline, \(inFlight) in flight\(oldest)"
    )
  }

  private static func autoDrain(_ status: AutoDrainStatus) -> AlertSymptom? {
    let text = status.text.isEmpty ? "" : ": \(status.text)"
    return switch status.stage {
    case .watching, .wouldDrain, .probation: nil
    case .draining: AlertSymptom(.autoDrain, .warning, "drained itself\(text)")
    case .refused: AlertSymptom(.autoDrain, .critical, "would drain itself and may not\(text)")
    case .held: AlertSymptom(.autoDrain, .critical, "stays drained until a person undrains it\(text)")
    }
  }
}
