internal import FleetCore
internal import Terminal

/// Rows of a job's page as spans.
struct JobRowText {
  let theme: Theme
  let width: Int

  private static let nameWidth = 16
  private static let stateWidth = 15
  private static let meterWidth = 8

  func spans(_ row: JobRow) -> [Span] {
    switch row {
    case .store(let store, let wave, let isWaiting): self.store(store, wave, isWaiting)
    case .node(let node, let sibling): self.node(node, sibling)
    case .finding(let finding, let phase): self.finding(finding, phase)
    case .line(let text): [Span(text, theme(.text))]
    }
  }

  private func store(_ store: RolloutReport.Store, _ wave: Int, _ isWaiting: Bool) -> [Span] {
    let reached = store.nodes.count(where: \.isReached)
    // What its nodes say is in their own rows; a store whose nodes all wait or are through says it for them.
    let turn = wave > 1 ? "wave \(wave), waits for wave \(wave - 1)" : "waits for its turn"
    let words = isWaiting && store.nodes.allSatisfy { $0.phase == .waiting } ? turn : JobText.counts(store.nodes)
    return [Span(store.name.padding(to: Self.nameWidth + 2), theme(.title))]
      + [Span("\(reached)/\(store.nodes.count) nodes".padding(to: Self.stateWidth), theme(.muted))]
      + meter(store.nodes.way) + [Span("  \(words)", theme(.muted))]
  }

  private func node(_ node: RolloutReport.Node, _ sibling: String?) -> [Span] {
    let mark = Mark.of(node.phase)
    let isBad = node.phase == .failed || node.phase == .rolledBack
    return [
      Span("  \(node.node.node)".padding(to: Self.nameWidth + 2), theme(.text)),
      Span(mark.text.padding(to: Self.stateWidth), theme(mark.role)),
    ] + meter(node.way) + [
      Span("  \(sibling.map { "waits for \($0)" } ?? node.text)", theme(isBad ? mark.role : .text))
    ]
  }

  /// What was measured against its limit; what could not be is never taken for a pass.
  private func finding(_ finding: GateVerdict.Finding, _ phase: RolloutNode.Phase) -> [Span] {
    let isPaused = phase == .undecided
    let (glyph, role): (String, Role) =
      switch finding.outcome {
      case .passed: ("●", .ok)
      case .failed: ("✖", .critical)
      case .undecided: ("◐", isPaused ? .warning : .muted)
      }
    let prefix = finding.outcome == .undecided ? (isPaused ? "no data: paused; " : "no data yet; ") : ""
    return [
      Span("      ", theme(.text)), Span("\(glyph) ", theme(role)), Span(finding.condition, theme(.muted)),
      Span("  \(prefix)\(finding.why)", theme(role)),
    ]
  }

  private func meter(_ fraction: Double) -> [Span] {
    let percent = Format.percent(fraction)
    return Meter(full: theme(.chart1), empty: theme(.border)).spans(fraction, width: Self.meterWidth)
      + [Span(String(repeating: " ", count: max(1, 5 - percent.count)) + percent, theme(.text))]
  }
}
