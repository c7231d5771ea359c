internal import FleetCore
internal import Terminal

/// Says what cancelling, undoing or resuming a job means, and asks once more.
struct WishDialog {
  let state: FleetState
  let theme: Theme
  let form: WishForm

  func draw(into buffer: inout Buffer) {
    var frame = DialogFrame(theme: theme, title: title)
    if let job = state.jobs.job(form.job) {
      let mark = Mark.of(job.state)
      let progress = JobText.progress(job).map { ", \($0)" } ?? ""
      frame.body = [
        .text([Span(job.title, theme(.title))]),
        .text([Span(mark.text, theme(mark.role)), Span(progress, theme(.text))]),
        .text([Span("ordered by \(job.orderedBy) \(JobText.ago(job.created, state)) ago", theme(.muted))]),
      ]
      if !job.reason.isEmpty { frame.body.append(.wrapped(job.reason, mark.role)) }
    } else {
      frame.body = [.text([Span("\(form.job) is not there any more", theme(.warning))])]
    }
    frame.body += [.text([]), .wrapped(consequence, .muted), .text([])]
    if form.wish != .resume { frame.border = .warning }
    frame.buttons = ["Leave", confirm]
    frame.focus = form.focus == .leave ? 0 : 1
    frame.hint = [
      Span("◂▸", theme(.key)), Span(" choose  ", theme(.muted)), Span("⏎", theme(.key)),
      Span(" press  ", theme(.muted)),
      Span("esc", theme(.key)), Span(" leave it as it is", theme(.muted)),
    ]
    frame.draw(into: &buffer)
  }

  private var title: String {
    guard form.isOffer else { return "\(form.wish.rawValue) \(form.job)" }
    let others = state.jobs.offers.isEmpty ? "" : ", and \(state.jobs.offers.count) more"
    return "\(form.job) was interrupted\(others)"
  }

  private var confirm: String {
    switch form.wish {
    case .pause: "Pause"
    case .resume: "Resume"
    case .cancel: "Cancel the job"
    case .undo: "Undo"
    }
  }

  private var consequence: String {
    switch form.wish {
    case .pause: "It finishes what it has in hand and waits."
    case .resume:
      form.isOffer
        ? "Its process is gone and nothing goes on. Resume starts a new one, which goes on from its journal. Left alone it stays as it is; 'J' shows it, and 'r' resumes it later."
        : "It goes on from its journal."
    case .cancel:
      "It begins no further node. What has passed its gate stays; what is on probation goes back to the version before."
    case .undo:
      "It begins no further node, and every node that it switched goes back to the version before, also those that passed."
    }
  }
}
