internal import FleetCore
internal import FoundationEssentials
internal import Terminal

/// One job: how it stands, a bar a wave, a row a store and node.
struct JobView {
  let state: FleetState
  let theme: Theme
  let id: String

  private static let hints: [Action.ID] = [.back, .pause, .resume, .cancel, .undo, .events, .theme, .help, .quit]
  private static let leastRows = 3

  /// The row that the list begins with and the one it may begin with at most; both 0 while the screen's size is unknown.
  static func scroll(_ state: FleetState) -> (first: Int, last: Int) {
    guard case .job(let id) = state.interface.page, let size = state.interface.size else { return (0, 0) }
    let view = JobView(state: state, theme: .monochrome, id: id)
    guard let page = view.page else { return (0, 0) }
    let layout = view.layout(page, size)
    return (view.first(layout), layout.last)
  }

  private struct Parts {
    var box: Rect
    var head: [[Span]]
    var waves: [Int]
    var rows: [JobRow]
    var list: Rect

    var last: Int { max(0, rows.count - list.height) }
  }

  private var page: JobPage? { state.jobs.page.flatMap { $0.job.id == id ? $0 : nil } }

  /// The head first, then the bars, at most half of what is left; the list always has a few rows where there are any.
  private func layout(_ page: JobPage, _ size: Size) -> Parts {
    let box = Rect(x: 0, y: 1, width: size.width, height: size.height - 2)
    let inside = box.inset(horizontally: 2, vertically: 1)
    var head = JobHead(state: state, theme: theme, page: page, width: inside.width).lines
    head = Array(head.prefix(max(1, inside.height - Self.leastRows - 2)))
    let rows = page.report.map(JobRow.rows) ?? page.lines.map { .line($0) }
    let left = max(0, inside.height - head.count)
    let count = page.report?.waves.count ?? 0
    let active = page.report?.waves.firstIndex { $0.phase == .active } ?? 0
    let waves = Array(ScrollWindow.visible(count: count, height: min(count, left / 2), selected: active))
    let above = head.count + waves.count + (waves.isEmpty ? 0 : 1)
    let list = Rect(x: inside.x, y: inside.y + above, width: inside.width, height: max(0, inside.height - above))
    return Parts(box: box, head: head, waves: waves, rows: rows, list: list)
  }

  private func first(_ parts: Parts) -> Int {
    if let scroll = state.interface.jobScroll { return min(scroll, parts.last) }
    let telling = JobRow.telling(parts.rows)
    return ScrollWindow.visible(count: parts.rows.count, height: parts.list.height, selected: telling).lowerBound
  }

  func draw(into buffer: inout Buffer) {
    let size = buffer.size
    HeaderLine(state: state, theme: theme).draw(y: 0, into: &buffer)
    BottomLine(state: state, theme: theme).draw(y: size.height - 1, into: &buffer)
    guard let page else { return empty(into: &buffer) }
    let parts = layout(page, size)
    let job = page.job
    let mark = Mark.of(job.state)
    let first = first(parts)
    let shown =
      parts.rows.isEmpty ? "" : "\(first + 1)-\(min(parts.rows.count, first + parts.list.height))/\(parts.rows.count)"
    _ = Box(
      border: theme(.border),
      title: [
        Span("\(job.id) ", theme(.title)), Span("\(mark.text) ", theme(mark.role)), Span(job.title, theme(.text)),
      ],
      titleEnd: age(job),
      footer: Hints.spans(Self.hints, state, theme, width: size.width - shown.count - 10),
      footerEnd: shown.isEmpty ? [] : [Span(shown, theme(.muted))]
    ).draw(in: parts.box, of: &buffer)
    let inside = parts.box.inset(horizontally: 2, vertically: 1)
    var y = inside.y
    for line in parts.head where y < inside.bottom {
      buffer.write(line, x: inside.x, y: y, limit: inside.width)
      y += 1
    }
    for index in parts.waves where y < inside.bottom {
      guard let wave = page.report?.waves[index] else { continue }
      buffer.write(bar(wave), x: inside.x, y: y, limit: inside.width)
      y += 1
    }
    let lines = JobRowText(theme: theme, width: parts.list.width)
    for (offset, row) in parts.rows.dropFirst(first).prefix(parts.list.height).enumerated() {
      buffer.write(lines.spans(row), x: parts.list.x, y: parts.list.y + offset, limit: parts.list.width)
    }
  }

  private func empty(into buffer: inout Buffer) {
    let size = buffer.size
    let inside = Box(
      border: theme(.border),
      title: [Span(id, theme(.title))],
      footer: Hints.spans(Self.hints, state, theme, width: size.width - 8)
    ).draw(in: Rect(x: 0, y: 1, width: size.width, height: size.height - 2), of: &buffer)
    let text =
      state.jobs.problem.map { "cannot be read: \($0)" }
      ?? (state.jobs.job(id) == nil ? "there is no such job" : "reading ...")
    buffer.write(text, x: inside.x + 1, y: inside.y, style: theme(.muted), limit: inside.width - 1)
  }

  /// Who ordered it and when, and how old all this is.
  private func age(_ job: ListedJob) -> [Span] {
    if let problem = state.jobs.problem { return [Span("cannot be read: \(problem)", theme(.critical))] }
    let ordered = "by \(job.orderedBy) \(JobText.ago(job.created, state)) ago"
    guard !job.state.isEnded, let reported = job.reported else { return [Span(ordered, theme(.muted))] }
    let age = state.now.date.timeIntervalSince(reported)
    let isOld = age > JobsState.staleAfter && job.state == .running
    return [Span(ordered, theme(.muted)), Span(", told \(Format.age(age)) ago", theme(isOld ? .warning : .muted))]
  }

  private func bar(_ wave: RolloutReport.Wave) -> [Span] {
    let role: Role =
      switch wave.phase {
      case .waiting: .muted
      case .active: .accent
      case .done: .text
      }
    let nodes = wave.stores.flatMap(\.nodes)
    let way = nodes.way
    let percent = Format.percent(way)
    return [Span("wave \(wave.number) ".padding(to: 8), theme(role))]
      + Meter(full: theme(wave.phase == .active ? .accent : .chart1), empty: theme(.border)).spans(
        way,
        width: 20
      )
      + [
        Span(String(repeating: " ", count: max(1, 5 - percent.count)) + percent, theme(role)),
        Span("  \(wave.phase.rawValue.padding(to: 7))  ", theme(role)),
        Span("\(Words.stores(wave.stores.count)): ", theme(.muted)), Span(JobText.counts(nodes), theme(.text)),
      ]
  }
}
