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

  private static let columns = [
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

  func draw(into buffer: inout Buffer) {
    let list = state.jobs.list
    let alive = state.jobs.alive.count
    ListPage(
      state: state,
      theme: theme,
      name: "jobs",
      summary: Span(alive == 0 ? "none under way" : "\(alive) under way", theme(alive == 0 ? .muted : .accent)),
      age: age,
      hints: Self.hints,
      columns: Self.columns,
      count: list.count,
      selected: list.firstIndex { $0.id == state.interface.jobSelection } ?? 0,
      emptyText: state.jobs.read == nil ? "" : "no job yet; 'p push' on the page of nodes begins one",
      detailLines: Self.detailLines,
      heightForDetail: 8
    )
    .draw(into: &buffer, cells: { cells(list[$0]) }, detail: { index, _ in detail(list[index]) })
  }

  /// How old the list is, or why it is not read.
  private var age: [Span] {
    let jobs = state.jobs
    if let problem = jobs.problem { return [Span("cannot be read: \(problem)", theme(.critical))] }
    guard let age = jobs.age(at: state.now) else { return [Span("reading ...", theme(.muted))] }
    return [Span("read \(Format.age(age)) ago", theme(age > JobsState.staleAfter ? .warning : .muted))]
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

  private func detail(_ job: ListedJob) -> [[Span]] {
    let since = "\(job.state.rawValue) for \(JobText.ago(job.changed, state))"
    let progress = JobText.progress(job).map { ", \($0)" } ?? ""
    return [
      [Span(job.title, theme(.title)), Span("  by \(job.orderedBy)", theme(.muted))],
      [Span(since + progress, theme(.muted))],
      [Span(job.reason, theme(Mark.of(job.state).role))],
    ]
  }
}
