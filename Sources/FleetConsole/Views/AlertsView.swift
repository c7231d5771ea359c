internal import FleetCore
internal import FoundationEssentials
internal import Terminal

/// The fleet's alerts: open ones first, then those that are over; a few lines about the selected one.
struct AlertsView {
  let state: FleetState
  let theme: Theme

  private static let hints: [Action.ID] = [.back, .open, .acknowledge, .events, .theme, .help, .quit]
  /// Lines about the selected alert, where there is room for them.
  private static let detailLines = 5

  private static let columns = [
    Table.Column("id", width: 4, alignment: .right),
    Table.Column("state", width: 14),
    Table.Column("age", width: 4, alignment: .right, priority: 1, gap: 1),
    Table.Column("times", width: 5, alignment: .right, priority: 4, gap: 1),
    Table.Column("where", width: 14, growth: 1, maximum: 28, priority: 2),
    Table.Column("about", width: 12, growth: 1, maximum: 18, priority: 5),
    Table.Column("what", width: 20, growth: 8, priority: 3),
  ]

  func draw(into buffer: inout Buffer) {
    let list = state.alerts.list
    let open = state.alerts.open.count
    ListPage(
      state: state,
      theme: theme,
      name: "alerts",
      summary: Span(open == 0 ? "none open" : "\(open) open", theme(open == 0 ? .ok : .warning)),
      age: age,
      hints: Self.hints,
      columns: Self.columns,
      count: list.count,
      selected: list.firstIndex { $0.id == state.interface.alertSelection } ?? 0,
      emptyText: state.alerts.read == nil ? "" : "nothing was wrong as far as this goes back",
      detailLines: Self.detailLines,
      heightForDetail: 10
    )
    .draw(into: &buffer, cells: { cells(list[$0]) }, detail: { detail(list[$0], width: $1) })
  }

  /// How old the list is, or why it is not read.
  private var age: [Span] {
    let alerts = state.alerts
    if let problem = alerts.problem { return [Span("cannot be read: \(problem)", theme(.critical))] }
    guard let age = alerts.age(at: state.now) else { return [Span("not read yet", theme(.muted))] }
    let watcher = alerts.watcher.map { "; told by \($0)" } ?? ""
    return [Span("read \(Format.age(age)) ago\(watcher)", theme(age > AlertsState.staleAfter ? .warning : .muted))]
  }

  private func cells(_ alert: Alert) -> [[Span]] {
    let mark = Mark.of(alert)
    let text = theme(alert.isOpen ? .text : .muted)
    return [
      [Span("\(alert.id)", theme(.title))],
      [Span(mark.text, theme(mark.role))],
      [Span(JobText.ago(alert.raised, state), theme(.muted))],
      [Span(alert.count == 1 ? "" : "\(alert.count)", text)],
      [Span(alert.place, text)],
      [Span(alert.cause.subject.isEmpty ? alert.cause.kind.words : alert.cause.subject, text)],
      [Span(alert.text, theme(alert.isOpen ? mark.role : .muted))],
    ]
  }

  private func detail(_ alert: Alert, width: Int) -> [[Span]] {
    let mark = Mark.of(alert)
    let wrapped = Glyphs.wrapped("\(alert.cause.kind.words): \(alert.headline)", to: width).prefix(2)
    var lines = wrapped.map { [Span($0, theme(alert.isOpen ? mark.role : .text))] }
    let names = alert.nodes.map(\.description).joined(separator: ", ")
    lines.append([Span(alert.isOpen ? "nodes  " : "nodes at last  ", theme(.muted)), Span(names, theme(.text))])
    lines.append(times(alert))
    return lines
  }

  private func times(_ alert: Alert) -> [Span] {
    func clock(_ date: Date) -> String { Format.clock(date, utcOffset: state.utcOffset) }
    var parts = ["raised \(clock(alert.raised))"]
    if alert.count > 1 { parts.append("came \(alert.count) times, last \(clock(alert.since))") }
    if let taken = alert.acknowledgement { parts.append("\(taken.by) has it since \(clock(taken.time))") }
    if let resolved = alert.resolved { parts.append("resolved \(clock(resolved)): \(alert.resolution)") }
    if state.alerts.asked.contains(alert.id) { parts.append("being written down that you have it") }
    return [Span(parts.joined(separator: "; "), theme(.muted))]
  }
}

extension Mark {
  static func of(_ alert: Alert) -> Mark {
    guard alert.isOpen else { return Mark(glyph: "●", word: "resolved", role: .muted) }
    let severity = Mark.of(alert.severity)
    guard alert.acknowledgement == nil else { return Mark(glyph: severity.glyph, word: "taken on", role: .accent) }
    return severity
  }

  static func of(_ severity: AlertSeverity) -> Mark {
    switch severity {
    case .warning: Mark(glyph: "◐", word: "warning", role: .warning)
    case .critical: Mark(glyph: "✖", word: "critical", role: .critical)
    }
  }
}

extension AlertKind {
  /// For a person.
  var words: String {
    switch self {
    case .unreachable, .engine, .heat, .errors, .latency, .energy, .health, .disk, .clock, .certificate, .drain:
      rawValue
    case .probe: "a probe"
    case .reading: "a sensor"
    case .autoDrain: "drained itself"
    }
  }
}
