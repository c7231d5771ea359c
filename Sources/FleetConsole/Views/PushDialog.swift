internal import FleetCore
internal import Terminal

/// Which version goes where, and what that will mean.
struct PushDialog {
  let state: FleetState
  let theme: Theme
  let form: PushForm

  func draw(into buffer: inout Buffer) {
    var frame = DialogFrame(theme: theme, title: "push a model version")
    frame.hint = [
      Span("↑↓", theme(.key)), Span(" field  ", theme(.muted)), Span("◂▸", theme(.key)),
      Span(" choose  ", theme(.muted)),
      Span("⏎", theme(.key)), Span(" press  ", theme(.muted)), Span("esc", theme(.key)), Span(" cancel", theme(.muted)),
    ]
    frame.buttons = ["Cancel", "Push"]
    frame.focus = form.focus == .cancel ? 0 : form.focus == .push ? 1 : nil
    if let plan = form.plan {
      let manifest = plan.model.manifest
      frame.body = [
        .field(label: "version", value: "\(plan.model.version)", hasFocus: form.focus == .model),
        .field(label: "to", value: form.targets[form.targetIndex].title, hasFocus: form.focus == .target),
        .text([
          Span("digest    ", theme(.muted)),
          Span(
            "  \(manifest.digest.short), \(Format.bytes(Double(manifest.totalBytes))) in \(files(manifest.files.count))",
            theme(.text)
          ),
        ]),
        .text([]),
        .text([Span("what will happen, one node after the other", theme(.title))]),
      ]
      frame.body += preview(plan)
      frame.body += [
        .text([]),
        .wrapped(
          "The push stops at the first failure. Every byte is checked before anything changes, the new version warms up while the old one serves, and the old one stays for 'b roll back'.",
          .muted
        ),
        .text([]),
      ]
    } else {
      frame.body = [.wrapped("There is nothing to push, or nowhere to push it to.", .warning), .text([])]
    }
    frame.draw(into: &buffer)
  }

  private func preview(_ plan: PushPlan) -> [DialogFrame.Line] {
    let shown = plan.nodes.prefix(8)
    var lines = shown.enumerated().map { index, name in DialogFrame.Line.text(step(index + 1, name, plan.model)) }
    if plan.nodes.count > shown.count {
      lines.append(.text([Span("   … and \(plan.nodes.count - shown.count) more", theme(.muted))]))
    }
    return lines
  }

  private func step(_ number: Int, _ name: NodeName, _ model: LocalModel) -> [Span] {
    let start = [Span("\(number < 10 ? " " : "")\(number) ", theme(.muted)), Span("\(name)  ", theme(.text))]
    guard let node = state.node(name), node.isReachable(at: state.now) else {
      return start + [Span("○ unreachable: the push would stop here", theme(.critical))]
    }
    let current = node.metrics.models.first { $0.version.name == model.version.name }
    if current?.digest == model.manifest.digest { return start + [Span("serves it already", theme(.muted))] }
    let from = current.map { "\($0.version)" } ?? "nothing"
    let isThere = node.description?.repository.contains { $0.digest == model.manifest.digest } ?? false
    let bytes = isThere ? "is there already" : Format.bytes(Double(model.manifest.totalBytes))
    return start + [
      Span(from, theme(.muted)), Span(" → ", theme(.accent)), Span("\(model.version)", theme(.title)),
      Span("  \(bytes)", theme(.muted)),
    ]
  }

  private func files(_ count: Int) -> String { count == 1 ? "1 file" : "\(count) files" }
}
