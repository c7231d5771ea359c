internal import FleetCore
internal import Terminal

/// Says what will happen and asks once more.
struct ConfirmDialog {
  let state: FleetState
  let theme: Theme
  let form: ConfirmForm

  func draw(into buffer: inout Buffer) {
    let what = form.nodes.count == 1 ? form.nodes[0].description : Words.nodes(form.nodes.count)
    var frame: DialogFrame
    switch form.kind {
    case .undrain:
      frame = DialogFrame(theme: theme, title: "undrain \(what)")
      frame.body = form.nodes.prefix(8).map {
        .text([Span("\($0)  ", theme(.text)), Span(drained($0), theme(.muted))])
      }
      frame.body += [.text([]), .wrapped("It answers requests itself again, from the next one on.", .muted), .text([])]
      frame.buttons = ["Cancel", "Undrain"]
    case .rollback(let model):
      frame = DialogFrame(theme: theme, title: "roll back \(model) on \(what)")
      frame.body = form.nodes.prefix(8).map { .text([Span("\($0)  ", theme(.text))] + versions($0, model)) }
      frame.body += [
        .text([]),
        .wrapped(
          "One node after the other; the earlier version is on the node already. Stops at the first failure.",
          .muted
        ),
        .text([]),
      ]
      frame.buttons = ["Cancel", "Roll back"]
    }
    frame.hint = [
      Span("◂▸", theme(.key)), Span(" choose  ", theme(.muted)), Span("⏎", theme(.key)),
      Span(" press  ", theme(.muted)),
      Span("esc", theme(.key)), Span(" cancel", theme(.muted)),
    ]
    frame.focus = form.focus == .cancel ? 0 : 1
    frame.draw(into: &buffer)
  }

  private func drained(_ name: NodeName) -> String {
    guard let drain = state.node(name)?.last?.drain else { return "" }
    return "\(drain.reason) (\(drain.orderedBy), \(Format.clock(drain.since, utcOffset: state.utcOffset)))"
  }

  private func versions(_ name: NodeName, _ model: String) -> [Span] {
    let node = state.node(name)
    let from = node?.metrics.models.first { $0.version.name == model }.map { "\($0.version)" } ?? "nothing"
    let to = node?.description?.repository.first { $0.role == .previous && $0.version.name == model }.map {
      "\($0.version)"
    }
    return [
      Span(from, theme(.muted)), Span(" → ", theme(.accent)), Span(to ?? Format.absent, theme(.title)),
    ]
  }
}
