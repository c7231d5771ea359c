internal import FleetCore
internal import Terminal

/// Why a node is drained, how long that may take, and who takes over.
struct DrainDialog {
  let state: FleetState
  let theme: Theme
  let form: DrainForm

  /// Of several nodes only so many are shown.
  private static let shownNodes = 4

  func draw(into buffer: inout Buffer) {
    let name = form.nodes.count == 1 ? form.nodes[0].description : Words.nodes(form.nodes.count)
    var frame = DialogFrame(theme: theme, title: "drain \(name)")
    frame.hint = [
      Span("↑↓", theme(.key)), Span(" field  ", theme(.muted)), Span("⏎", theme(.key)), Span(" press  ", theme(.muted)),
      Span("esc", theme(.key)), Span(" cancel", theme(.muted)),
    ]
    frame.body = [
      .input(label: "reason", form.reason, hasFocus: form.focus == .reason),
      .field(
        label: "deadline",
        value: Quantity.text(DrainForm.deadlines[form.deadlineIndex]),
        hasFocus: form.focus == .deadline
      ),
    ]
    if form.needsForce {
      frame.body.append(
        .field(label: "force", value: form.isForced ? "☑ yes" : "☐ no", hasFocus: form.focus == .force)
      )
    }
    let forecast = DrainForecast(form.nodes, of: state)
    frame.body += [.text([]), .text([Span("what will happen", theme(.title))])]
    for node in forecast.nodes.prefix(Self.shownNodes) {
      frame.body += consequences(node, limit: forecast.limit, isAlone: forecast.nodes.count == 1)
    }
    let more = forecast.nodes.count - Self.shownNodes
    if more > 0 { frame.body.append(.text([Span("  … and \(more) more", theme(.muted))])) }
    if form.needsForce {
      frame.border = .warning
      frame.body.append(.wrapped("◐ Somebody's requests may be refused or late. This needs force.", .warning))
    }
    if form.reason.text.allSatisfy({ $0 == " " }) {
      frame.body.append(.wrapped("A drain needs a reason: the next person wants to know.", .warning))
    }
    frame.body += [
      .wrapped(
        "At the deadline what is left goes to a sibling, or is cut off. 'u undrain' takes it back at any time.",
        .muted
      ),
      .text([]),
    ]
    frame.buttons = ["Cancel", "Drain"]
    frame.focus = form.focus == .cancel ? 0 : form.focus == .drain ? 1 : nil
    frame.draw(into: &buffer)
  }

  private func consequences(_ node: DrainForecast.Node, limit: Double, isAlone: Bool) -> [DialogFrame.Line] {
    let rate = state.node(node.name)?.metrics.requestsPerSecond
    var lines: [DialogFrame.Line] = [
      .text([
        Span("\(node.name)  ", theme(.text)),
        Span("\(Format.rate(rate)) req/s, \(node.inFlight) in flight", theme(.muted)),
      ])
    ]
    lines += node.obstacles.map { .wrapped("  ✖ \($0)", .critical) }
    if isAlone { lines += node.doubts.map { .wrapped("  ◐ \($0)", .warning) } }
    let takers = node.takers.map { "\($0.name) (\($0.condition.rawValue))" }.joined(separator: ", ")
    lines.append(fact("taken over by", takers.isEmpty ? "nobody" : takers, takers.isEmpty ? .critical : .text))
    guard isAlone, !node.takers.isEmpty else { return lines }
    for model in node.models.prefix(2) {
      let left = DrainForecast.number(model.capacityLeft) { "\(Format.rate($0)) req/s at the SLO" }
      let now = Format.reading(model.p99Now) { Format.number($0) }
      let next =
        model.p99Expected.value == nil ? "unknown" : Format.reading(model.p99Expected) { "\(Format.number($0)) ms" }
      lines.append(fact("room left", left, (model.capacityLeft.value ?? 0) < 0 ? .critical : .text))
      let isOver = (model.p99Expected.value ?? 0) > limit
      lines.append(fact("p99 there", "\(now) ms now, to expect \(next)", isOver ? .warning : .text))
    }
    return lines + [fact("affected", DrainForecast.affected(node), .text)]
  }

  private func fact(_ label: String, _ value: String, _ role: Role) -> DialogFrame.Line {
    .text([Span("  \(label.padding(to: 15))", theme(.muted)), Span(value, theme(role))])
  }
}
