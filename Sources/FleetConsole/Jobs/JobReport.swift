package import FleetCore

/// How long work stands: the same for every kind, so that one view and one line of the command line show them all.
package struct JobReport: Sendable, Equatable, Encodable {
  package enum Kind: String, Sendable, Encodable { case push, drain, undrain, rollback }

  package enum State: Sendable, Equatable, Encodable {
    case running
    case succeeded
    /// Why, with the node it happened on, and of what kind that is.
    case failed(String, CommandError.Code)
    case cancelled

    package func encode(to encoder: any Encoder) throws {
      var container = encoder.singleValueContainer()
      switch self {
      case .running: try container.encode("running")
      case .succeeded: try container.encode("succeeded")
      case .failed: try container.encode("failed")
      case .cancelled: try container.encode("cancelled")
      }
    }
  }

  package struct Step: Sendable, Equatable, Encodable {
    package enum Phase: String, Sendable, Encodable { case waiting, active, done, failed, skipped }

    package var node: NodeName
    package var phase: Phase
    /// What goes on, what came of it, or why it failed.
    package var text: String
    /// Part of the bytes that are there, 0 to 1; nil when there is nothing to count.
    package var fraction: Double?

    package init(node: NodeName, phase: Phase = .waiting, text: String = "waiting", fraction: Double? = nil) {
      self.node = node
      self.phase = phase
      self.text = text
      self.fraction = fraction
    }

    private enum CodingKeys: String, CodingKey { case node, phase, text, fraction }

    package func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(node.description, forKey: .node)
      try container.encode(phase, forKey: .phase)
      try container.encode(text, forKey: .text)
      try container.encodeIfPresent(fraction, forKey: .fraction)
    }
  }

  package var kind: Kind
  /// Such as `push tag-reader@2`.
  package var title: String
  package var steps: [Step]
  package var state: State

  package init(kind: Kind, title: String, nodes: [NodeName]) {
    self.kind = kind
    self.title = title
    steps = nodes.map { Step(node: $0) }
    state = .running
  }

  private enum CodingKeys: String, CodingKey { case kind, title, steps, state, problem, code }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(kind, forKey: .kind)
    try container.encode(title, forKey: .title)
    try container.encode(state, forKey: .state)
    if case .failed(let problem, let code) = state {
      try container.encode(problem, forKey: .problem)
      try container.encode(code.rawValue, forKey: .code)
    }
    try container.encode(steps, forKey: .steps)
  }

  mutating func set(_ node: NodeName, _ phase: Step.Phase, _ text: String, fraction: Double? = nil) {
    guard let index = steps.firstIndex(where: { $0.node == node }) else { return }
    steps[index] = Step(node: node, phase: phase, text: text, fraction: fraction)
  }

  /// Says of every node that was not reached that it is as it was.
  mutating func skipWaiting(_ text: String) {
    for index in steps.indices where steps[index].phase == .waiting {
      steps[index].phase = .skipped
      steps[index].text = text
    }
  }
}
