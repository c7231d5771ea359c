internal import FleetCore
internal import Terminal

/// How the job under way stands, or how the last one ended.
struct ProgressDialog {
  let state: FleetState
  let theme: Theme

  func draw(into buffer: inout Buffer) {
    guard let job = state.job else { return }
    var frame = DialogFrame(theme: theme, title: job.title)
    let done = job.steps.filter { $0.phase == .done }.count
    frame.body = [.text(headline(job.state) + [Span("  \(done)/\(job.steps.count) nodes", theme(.muted))]), .text([])]
    // Long lists: those around the one at work.
    let active = job.steps.firstIndex { $0.phase == .active || $0.phase == .failed } ?? done
    let height = max(1, min(buffer.size.height - 8, 14) / 2)
    for index in ScrollWindow.visible(count: job.steps.count, height: height, selected: active) {
      frame.body += lines(job.steps[index])
    }
    if case .failed(let problem, _) = job.state {
      frame.border = .critical
      frame.body += [.text([]), .wrapped(problem, .critical)]
    }
    frame.hint =
      [Span("esc", theme(.key)), Span(job.state == .running ? " close, goes on" : " close", theme(.muted))]
      + (job.state == .running ? [Span("  x", theme(.key)), Span(" \(StopWords.hint(job.kind))", theme(.muted))] : [])
    frame.draw(into: &buffer)
  }

  private func headline(_ state: JobReport.State) -> [Span] {
    switch state {
    case .running: [Span("▶ under way", theme(.accent))]
    case .succeeded: [Span("● done", theme(.ok))]
    case .failed: [Span("✖ failed, and stopped there", theme(.critical))]
    case .cancelled: [Span("◐ stopped by the operator", theme(.warning))]
    }
  }

  private func lines(_ step: JobReport.Step) -> [DialogFrame.Line] {
    let mark = Mark.of(step.phase)
    var first = [Span("\(mark.glyph) ", theme(mark.role)), Span("\(step.node)  ", theme(.title))]
    if step.phase == .active, let fraction = step.fraction {
      first += Meter(full: theme(.chart1), empty: theme(.border)).spans(fraction, width: 20)
      first.append(Span(" \(Format.percent(fraction))", theme(.text)))
    } else {
      first.append(Span(mark.word, theme(mark.role)))
    }
    return [.text(first), .text([Span("  \(step.text)", step.phase == .failed ? theme(.critical) : theme(.muted))])]
  }
}
