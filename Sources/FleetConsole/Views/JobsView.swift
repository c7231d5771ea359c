internal import FleetCore
internal import FoundationEssentials
internal import Terminal

/// The fleet's jobs, the newest first, and a few lines about the selected one.
struct JobsView {
  let state: FleetState
  let theme: Theme

  private static let hints: [Action.ID] = [
    .back, .open, .pause, .resume, .cancel, .undo, .events, .theme, .help, .quit,
  ]
  /// Lines about the selected job, where there is room for them.
  private static let detailLines = 3
  /// Columns of a meter with its percentage behind it.
  private static let meterWidth = 5

  private var columns: [Table.Column] {
    [
      Table.Column("job", width: 9),
      Table.Column("state", width: 13),
      Table.Column("version", width: 12, growth: 1, maximum: 18, priority: 2),
      Table.Column("how far", width: 10, priority: 3),
      Table.Column("stores", width: 7, alignment: .right, priority: 4, gap: 1),
      Table.Column("nodes", width: 9, alignment: .right, priority: 8, gap: 1),
      Table.Column("by", width: 5, growth: 1, maximum: 12, priority: 5),
      Table.Column("age", width: 4, alignment: .right, priority: 1, gap: 1),
      Table.Column("to go", width: 5, alignment: .right, priority: 6, gap: 1),
      Table.Column("what", width: 20, growth: 6, priority: 9),
    ]
  }

  func draw(into buffer: inout Buffer) {
    let size = buffer.size
    HeaderLine(state: state, theme: theme).draw(y: 0, into: &buffer)
    let list = state.jobs.list
    let room = Rect(x: 0, y: 1, width: size.width, height: size.height - 2)
    let index = list.firstIndex { $0.id == state.interface.jobSelection } ?? 0
    let alive = state.jobs.alive.count
    let box = Box(
      border: theme(.border),
      title: [
        Span("jobs ", theme(.title)), Span("[\(list.count)]", theme(.muted)), Span(" ── ", theme(.border)),
        Span(alive == 0 ? "none under way" : "\(alive) under way", theme(alive == 0 ? .muted : .accent)),
      ],
      titleEnd: age,
      footer: Hints.spans(Self.hints, state, theme, width: size.width - 16),
      footerEnd: list.isEmpty ? [] : [Span("\(index + 1)/\(list.count)", theme(.muted))]
    )
    let inside = box.draw(in: room, of: &buffer).inset(horizontally: 1, vertically: 0)
    let details = inside.height >= 8 && !list.isEmpty ? Self.detailLines + 1 : 0
    let parts = Layout.rows(inside, [.share(1), .fixed(details)])
    rows(list, selected: index, in: parts[0], of: &buffer)
    if details > 0 { detail(list[index], in: parts[1], of: &buffer) }
    BottomLine(state: state, theme: theme).draw(y: size.height - 1, into: &buffer)
  }

  /// How old the list is, or why it is not read.
  private var age: [Span] {
    let jobs = state.jobs
    if let problem = jobs.problem { return [Span("cannot be read: \(problem)", theme(.critical))] }
    guard let age = jobs.age(at: state.now) else { return [Span("reading ...", theme(.muted))] }
    return [Span("read \(Format.age(age)) ago", theme(age > JobsState.staleAfter ? .warning : .muted))]
  }

  private func rows(_ list: [ListedJob], selected: Int, in rect: Rect, of buffer: inout Buffer) {
    let table = Table(columns: columns, header: theme(.muted), selection: theme(.selection))
    guard !list.isEmpty else {
      table.draw([], in: rect, of: &buffer)
      let text = state.jobs.read == nil ? "" : "no job yet; 'p push' on the page of nodes begins one"
      buffer.write(text, x: rect.x, y: rect.y + 1, style: theme(.muted), limit: rect.width)
      return
    }
    let visible = ScrollWindow.visible(count: list.count, height: rect.height - 1, selected: selected)
    let lines = visible.map { Table.Row(cells: cells(list[$0]), isSelected: $0 == selected) }
    table.draw(lines, in: rect, of: &buffer)
  }

  private func cells(_ job: ListedJob) -> [[Span]] {
    let mark = Mark.of(job.state)
    let text = theme(job.state.isEnded ? .muted : .text)
    let summary = job.summary
    let reason = job.reason.isEmpty ? "" : ": \(job.reason)"
    func count(_ done: Int?, _ all: Int?) -> String {
      guard let done, let all else { return Format.absent }
      return "\(done)/\(all)"
    }
    return [
      [Span(job.id, theme(.title))],
      [Span(mark.text, theme(mark.role))],
      [Span(summary.map { "\($0.version)" } ?? Format.absent, text)],
      meter(summary?.fraction),
      [Span(count(summary?.reachedStores, summary?.stores), text)],
      [Span(count(summary?.reachedNodes, summary?.nodes), text)],
      [Span(job.orderedBy, text)],
      [Span(JobText.ago(job.created, state), theme(.muted))],
      [Span(JobText.eta(job), text)],
      [Span(job.title, theme(.text)), Span(reason, theme(mark.role))],
    ]
  }

  private func meter(_ fraction: Double?) -> [Span] {
    guard let fraction else { return [Span(Format.absent, theme(.muted))] }
    let percent = Format.percent(fraction)
    let blank = String(repeating: " ", count: max(0, 5 - percent.count))
    return Meter(full: theme(.chart1), empty: theme(.border)).spans(fraction, width: Self.meterWidth)
      + [Span(blank + percent, theme(.text))]
  }

  private func detail(_ job: ListedJob, in rect: Rect, of buffer: inout Buffer) {
    let mark = Mark.of(job.state)
    let since = "\(job.state.rawValue) for \(JobText.ago(job.changed, state))"
    let progress = JobText.progress(job).map { ", \($0)" } ?? ""
    var lines = [
      [],
      [Span(job.title, theme(.title)), Span("  by \(job.orderedBy)", theme(.muted))],
      [Span(since + progress, theme(.muted))],
    ]
    lines.append([Span(job.reason, theme(mark.role))])
    for (offset, line) in lines.prefix(rect.height).enumerated() {
      buffer.write(line, x: rect.x, y: rect.y + offset, limit: rect.width)
    }
  }
}
