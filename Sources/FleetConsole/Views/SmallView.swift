internal import FleetCore
internal import Terminal

/// The truth in a few short lines, for screens that have no room for a table.
struct SmallView {
  let state: FleetState
  let theme: Theme

  func draw(into buffer: inout Buffer) {
    let size = buffer.size
    let total = Aggregate(state.nodes, at: state.now)
    var lines: [[Span]] = [counts(total)]
    if let notice = state.interface.notice {
      lines.append([Span(notice, theme(.accent))])
    } else if let worst = worst() {
      let mark = Mark.of(worst.condition(at: state.now))
      lines.append([Span("\(worst.name) \(mark.word)", theme(mark.role))])
    } else {
      lines.append([Span("all is well", theme(.ok))])
    }
    lines.append([
      Span(Format.bound(total.requestsCoverage) + Format.rate(total.requestsPerSecond), theme(.text)),
      Span(" req/s p99 ", theme(.muted)),
      Span(Format.number(total.p99), theme(.text)),
    ])
    for row in FleetRows.rows(state).prefix(max(0, size.height - 3)) {
      guard case .node(let node) = row else { continue }
      let mark = Mark.of(node.condition(at: state.now))
      lines.append([Span("\(mark.glyph) \(node.name)", theme(mark.role))])
    }
    for (y, line) in lines.prefix(size.height).enumerated() { buffer.write(line, x: 0, y: y, limit: size.width) }
    if let input = state.interface.filterInput {
      let y = size.height - 1
      buffer.put("/", x: 0, y: y, style: theme(.key))
      input.draw(x: 1, y: y, width: size.width - 1, style: theme(.title), hasFocus: true, of: &buffer)
    }
  }

  private func counts(_ total: Aggregate) -> [Span] {
    let spans = [Condition.healthy, .degraded, .faulty, .unreachable, .connecting].compactMap { condition -> Span? in
      guard let count = total.conditions[condition], count > 0 else { return nil }
      let mark = Mark.of(condition)
      return Span("\(mark.glyph)\(count) ", theme(mark.role))
    }
    return spans + [Span("of \(total.nodes)", theme(.muted))]
      + (HeaderLine.simulated(state).map { [Span(" \($0)", theme(.warning))] } ?? [])
  }

  private func worst() -> NodeState? {
    for condition in [Condition.unreachable, .faulty, .degraded, .connecting] {
      if let node = state.nodes.first(where: { $0.condition(at: state.now) == condition }) { return node }
    }
    return nil
  }
}
