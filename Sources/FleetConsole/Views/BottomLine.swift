internal import FleetCore
internal import Terminal

/// One line under everything: what is being typed, the answer to the last key, the job under way, or the last event.
struct BottomLine {
  let state: FleetState
  let theme: Theme

  func draw(y: Int, into buffer: inout Buffer) {
    let width = buffer.size.width
    let interface = state.interface
    if let input = interface.filterInput {
      let x = buffer.write("/", x: 1, y: y, style: theme(.key))
      let tail = interface.filterError.map { "\($0)" } ?? "⏎ keep  esc forget"
      let room = max(8, width - x - Glyphs.width(of: tail) - 3)
      input.draw(x: x, y: y, width: min(room, width - x), style: theme(.title), hasFocus: true, of: &buffer)
      buffer.write(
        tail,
        x: x + room + 1,
        y: y,
        style: theme(interface.filterError == nil ? .muted : .critical),
        limit: max(0, width - x - room - 2)
      )
      return
    }
    if let notice = interface.notice {
      buffer.write(notice, x: 1, y: y, style: theme(.accent), limit: width - 2)
      return
    }
    if interface.overlay == nil, let job = state.job, job.state == .running {
      let step = job.steps.first { $0.phase == .active }
      let detail = step.map { ": \($0.node) \($0.text)" } ?? ""
      buffer.write("▶ \(job.title)\(detail)  (d shows it)", x: 1, y: y, style: theme(.accent), limit: width - 2)
      return
    }
    guard let event = state.log.events.last else {
      buffer.write("nothing has happened yet; ? helps", x: 1, y: y, style: theme(.muted), limit: width - 2)
      return
    }
    buffer.write(EventsView.spans(event, state: state, theme: theme), x: 1, y: y, limit: width - 2)
  }
}
