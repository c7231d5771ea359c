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
    let size = buffer.size
    HeaderLine(state: state, theme: theme).draw(y: 0, into: &buffer)
    let list = state.alerts.list
    let index = list.firstIndex { $0.id == state.interface.alertSelection } ?? 0
    let open = state.alerts.open.count
    let room = Rect(x: 0, y: 1, width: size.width, height: size.height - 2)
    let box = Box(
      border: theme(.border),
      title: [
        Span("alerts ", theme(.title)), Span("[\(list.count)]", theme(.muted)), Span(" ── ", theme(.border)),
        Span(open == 0 ? "none open" : "\(open) open", theme(open == 0 ? .ok : .warning)),
      ],
      titleEnd: age,
      footer: Hints.spans(Self.hints, state, theme, width: size.width - 16),
      footerEnd: list.isEmpty ? [] : [Span("\(index + 1)/\(list.count)", theme(.muted))]
    )
    let inside = box.draw(in: room, of: &buffer).inset(horizontally: 1, vertically: 0)
    let details = inside.height >= 10 && !list.isEmpty ? Self.detailLines + 1 : 0
    let parts = Layout.rows(inside, [.share(1), .fixed(details)])
    rows(list, selected: index, in: parts[0], of: &buffer)
    if details > 0 { detail(list[index], in: parts[1], of: &buffer) }
    BottomLine(state: state, theme: theme).draw(y: size.height - 1, into: &buffer)
  }

  /// How old the list is, or why it is not read.
  private var age: [Span] {
    let alerts = state.alerts
    if let problem = alerts.problem { return [Span("cannot be read: \(problem)", theme(.critical))] }
    guard let age = alerts.age(at: state.now) else { return [Span("not read yet", theme(.muted))] }
    let watcher = alerts.watcher.map { "; told by \($0)" } ?? ""
    return [Span("read \(Format.age(age)) ago\(watcher)", theme(age > AlertsState.staleAfter ? .warning : .muted))]
  }

  private func rows(_ list: [Alert], selected: Int, in rect: Rect, of buffer: inout Buffer) {
    let table = Table(columns: Self.columns, header: theme(.muted), selection: theme(.selection))
    guard !list.isEmpty else {
      table.draw([], in: rect, of: &buffer)
      let text = state.alerts.read == nil ? "" : "nothing was wrong as far as this goes back"
      buffer.write(text, x: rect.x, y: rect.y + 1, style: theme(.muted), limit: rect.width)
      return
    }
    let visible = ScrollWindow.visible(count: list.count, height: rect.height - 1, selected: selected)
    let lines = visible.map { Table.Row(cells: cells(list[$0]), isSelected: $0 == selected) }
    table.draw(lines, in: rect, of: &buffer)
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

  private func detail(_ alert: Alert, in rect: Rect, of buffer: inout Buffer) {
    let mark = Mark.of(alert)
    var lines: [[Span]] = [[]]
    let wrapped = Glyphs.wrapped("\(alert.cause.kind.words): \(alert.headline)", to: rect.width).prefix(2)
    lines += wrapped.map { [Span($0, theme(alert.isOpen ? mark.role : .text))] }
    let names = alert.nodes.map(\.description).joined(separator: ", ")
    lines.append([Span(alert.isOpen ? "nodes  " : "nodes at last  ", theme(.muted)), Span(names, theme(.text))])
    lines.append(times(alert))
    for (offset, line) in lines.prefix(rect.height).enumerated() {
      buffer.write(line, x: rect.x, y: rect.y + offset, limit: rect.width)
    }
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
