internal import FleetCore
internal import Terminal

/// Which version goes where by which rules, and what is known beforehand of how that will go.
struct PushDialog {
  let state: FleetState
  let theme: Theme
  let form: PushForm

  private static let shownWaves = 4
  private static let shownProblems = 4

  func draw(into buffer: inout Buffer) {
    var frame = DialogFrame(theme: theme, title: "push a model version")
    frame.hint = [
      Span("↑↓", theme(.key)), Span(" field  ", theme(.muted)), Span("◂▸", theme(.key)),
      Span(" choose  ", theme(.muted)),
      Span("⏎", theme(.key)), Span(" press  ", theme(.muted)), Span("esc", theme(.key)), Span(" cancel", theme(.muted)),
    ]
    frame.buttons = ["Cancel", "Push"]
    frame.focus = form.focus == .cancel ? 0 : form.focus == .push ? 1 : nil
    if let order = form.order {
      let plan = Preflight(order, of: state)
      if !plan.isClear { frame.border = .warning }
      frame.body = fields(order) + summary(plan) + waves(plan) + problems(plan)
      frame.body += [
        .text([]),
        .wrapped(
          "A job of its own: it goes on when this screen is closed. A node that fails its gate takes its wave back.",
          .muted
        ),
        .text([]),
      ]
    } else {
      frame.body = [.wrapped("There is nothing to push, or nowhere to push it to.", .warning), .text([])]
    }
    frame.draw(into: &buffer)
  }

  private func fields(_ order: PushOrder) -> [DialogFrame.Line] {
    let (manifest, strategy) = (order.model.manifest, order.strategy)
    let digest =
      "\(manifest.digest.short), \(Format.bytes(Double(manifest.totalBytes))) in \(files(manifest.files.count))"
    return [
      .field(label: "version", value: "\(order.model.version)", hasFocus: form.focus == .model),
      .field(label: "to", value: form.targets[form.targetIndex].title, hasFocus: form.focus == .target),
      .field(label: "strategy", value: strategy.name, hasFocus: form.focus == .strategy),
      fact("", "waves \(strategy.waves), bake \(Quantity.text(strategy.bake)), abort \(strategy.abort)"),
      fact("gate", strategy.gate.conditions.isEmpty ? "none" : strategy.gate.description),
      fact("digest", digest),
      .text([]),
    ]
  }

  private func fact(_ label: String, _ value: String) -> DialogFrame.Line {
    .text([Span(label.padding(to: 12), theme(.muted)), Span(value, theme(.text))])
  }

  private func summary(_ plan: Preflight) -> [DialogFrame.Line] {
    let stores = plan.waves.reduce(0) { $0 + $1.stores.count }
    let bytes = Format.bytes(Double(plan.bytes))
    var text = "\(Words.nodes(plan.nodes)) in \(Words.stores(stores)), at most \(bytes) to send"
    if !plan.skipped.isEmpty { text += "; \(plan.skipped.count) serve it already" }
    return [.text([Span("plan  ", theme(.title)), Span(text, theme(.text))])]
  }

  private func waves(_ plan: Preflight) -> [DialogFrame.Line] {
    var lines = plan.waves.prefix(Self.shownWaves).map { wave in
      let names = wave.stores.prefix(3).joined(separator: ", ") + (wave.stores.count > 3 ? ", …" : "")
      return DialogFrame.Line.text([
        Span("  wave \(wave.number)  ", theme(.muted)),
        Span("\(Words.stores(wave.stores.count)), \(Words.nodes(wave.nodes))".padding(to: 24), theme(.text)),
        Span(Format.bytes(Double(wave.bytes)).padding(to: 9), theme(.text)), Span("  \(names)", theme(.muted)),
      ])
    }
    let more = plan.waves.count - Self.shownWaves
    if more > 0 { lines.append(.text([Span("  … and \(more) more", theme(.muted))])) }
    return lines
  }

  /// The worst first; without any, that nothing is known to stand in the way.
  private func problems(_ plan: Preflight) -> [DialogFrame.Line] {
    guard !plan.problems.isEmpty else {
      return [.text([Span("● no problem is known", theme(.ok))])]
    }
    let order: [Preflight.Problem.Effect] = [.fails, .waits, .doubtful]
    let counts = order.compactMap { effect -> String? in
      let count = Set(plan.problems.filter { $0.effect == effect }.map(\.node)).count
      return count > 0 ? "\(Words.nodes(count)) \(words(effect, count))" : nil
    }
    var lines: [DialogFrame.Line] = [
      .text([Span("✖ \(counts.joined(separator: ", "))", theme(plan.isClear ? .warning : .critical))])
    ]
    let sorted = order.flatMap { effect in plan.problems.filter { $0.effect == effect } }
    for problem in sorted.prefix(Self.shownProblems) {
      lines.append(
        .text([
          Span("  \(problem.node) ", theme(.title)), Span("\(problem.kind.rawValue): ", theme(role(problem.effect))),
          Span(problem.reason, theme(.text)), Span("; \(problem.cure)", theme(.muted)),
        ])
      )
    }
    let more = sorted.count - Self.shownProblems
    if more > 0 { lines.append(.text([Span("  … and \(more) more; 'fleet push --plan' lists all", theme(.muted))])) }
    return lines
  }

  private func words(_ effect: Preflight.Problem.Effect, _ count: Int) -> String {
    switch effect {
    case .fails: "would fail"
    case .waits: "would wait"
    case .doubtful: count == 1 ? "is in doubt" : "are in doubt"
    }
  }

  private func role(_ effect: Preflight.Problem.Effect) -> Role { effect == .fails ? .critical : .warning }

  private func files(_ count: Int) -> String { count == 1 ? "1 file" : "\(count) files" }
}
