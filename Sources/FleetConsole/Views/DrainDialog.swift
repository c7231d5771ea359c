internal import FleetCore
internal import Terminal

/// Why a node is drained, how long that may take, and who takes over.
struct DrainDialog {
  let state: FleetState
  let theme: Theme
  let form: DrainForm

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
    frame.body += [.text([]), .text([Span("what will happen", theme(.title))])]
    for node in form.nodes.prefix(6) { frame.body += consequences(node) }
    if form.needsForce {
      frame.border = .warning
      frame.body.append(
        .wrapped(
          "◐ Nobody in the store would serve any more: its requests would be refused. This needs force.",
          .warning
        )
      )
    }
    if !form.isReady, !form.needsForce {
      frame.body.append(.wrapped("A drain needs a reason: the next person wants to know.", .warning))
    }
    frame.body += [
      .text([]),
      .wrapped(
        "New requests go to the sibling at once; those in flight may finish until the deadline. 'u undrain' takes it back at any time.",
        .muted
      ),
      .text([]),
    ]
    frame.buttons = ["Cancel", "Drain"]
    frame.focus = form.focus == .cancel ? 0 : form.focus == .drain ? 1 : nil
    frame.draw(into: &buffer)
  }

  private func consequences(_ name: NodeName) -> [DialogFrame.Line] {
    let inFlight = state.node(name)?.metrics.inFlight ?? 0
    let rate = Format.rate(state.node(name)?.metrics.requestsPerSecond)
    let siblings = state.siblings(of: name).filter { $0.isServing(at: state.now) && !form.nodes.contains($0.name) }
    let heirs = siblings.map { node in
      "\(node.name) (\(node.condition(at: state.now).rawValue), \(Format.rate(node.metrics.requestsPerSecond)) req/s)"
    }
    return [
      .text([
        Span("\(name)  ", theme(.text)), Span("\(rate) req/s, \(inFlight) in flight", theme(.muted)),
      ]),
      .text([
        Span("  hands off to ", theme(.muted)),
        heirs.isEmpty
          ? Span("nobody", theme(.critical)) : Span(heirs.joined(separator: ", "), theme(.text)),
      ]),
    ]
  }
}
