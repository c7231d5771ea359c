internal import FleetCore
internal import Terminal

/// The page of all nodes: one line of the fleet, the table, charts of the selection, the last events.
struct FleetView {
  static let leastWidth = 36
  static let leastHeight = 6

  let state: FleetState
  let theme: Theme

  /// The most needed first.
  private static let hints: [Action.ID] = [
    .push, .drain, .quit, .help, .alerts, .why, .jobs, .undrain, .open, .filter, .sort, .events, .theme, .rollback,
  ]
  private static let orderedHints: [Action.ID] = [
    .open, .push, .drain, .undrain, .rollback, .why, .filter, .sort, .jobs, .alerts, .theme, .events, .help, .quit,
  ]

  func draw(into buffer: inout Buffer) {
    let size = buffer.size
    HeaderLine(state: state, theme: theme).draw(y: 0, into: &buffer)
    if size.height < 12 || size.width < 60 { return compact(into: &buffer) }
    let rows = FleetRows.rows(state)
    let table = NodeTable(state: state, theme: theme, rows: rows)
    let room = size.height - 2
    let wanted = table.height() + 2
    // The table comes first; where both have no room, the table keeps six rows and scrolls.
    var charts = ChartRow.height(within: room - min(wanted, max(8, room - ChartRow.leastHeight)))
    if room < 8 + ChartRow.leastHeight { charts = 0 }
    if room - wanted < 24, charts > 12 { charts = 12 }
    var events = room - wanted - charts
    if charts == 0 || events < 5 { events = 0 }
    let parts = Layout.rows(
      Rect(x: 0, y: 1, width: size.width, height: room),
      [.share(1), .fixed(charts), .fixed(events)]
    )
    let inside = box(in: parts[0], rows: rows, of: &buffer)
    table.draw(in: inside.inset(horizontally: 1, vertically: 0), of: &buffer)
    if charts > 0 {
      let nodes = state.selectedNodes
      let title = nodes.count == 1 ? nodes[0].name.description : nodes.first?.name.store ?? ""
      ChartRow(state: state, theme: theme, nodes: nodes, title: title).draw(in: parts[1], of: &buffer)
    }
    if events > 0 { EventsView(state: state, theme: theme).drawPanel(in: parts[2], of: &buffer) }
    BottomLine(state: state, theme: theme).draw(y: size.height - 1, into: &buffer)
  }

  private func box(in rect: Rect, rows: [FleetRow], of buffer: inout Buffer) -> Rect {
    let interface = state.interface
    let shown = FleetRows.matching(state).count
    let filter =
      interface.filterText.isEmpty
      ? [Span("no filter", theme(.muted))]
      : [Span("/\(interface.filterText)", theme(.accent)), Span(" \(shown)/\(state.nodes.count)", theme(.text))]
    var title = [
      Span("nodes ", theme(.title)), Span("[\(state.nodes.count)]", theme(.muted)), Span(" ── ", theme(.border)),
      Span("by store, \(interface.sort.title)", theme(.muted)), Span(" ── ", theme(.border)),
    ]
    title += filter
    let position = selectedPosition(among: rows).map { "\($0)/\(shown)" } ?? "\(shown)"
    let kept = fitting(width: rect.width - position.count - 10)
    return Box(
      border: theme(.border),
      title: title,
      titleEnd: traffic(width: rect.width),
      footer: Hints.spans(kept, state, theme, width: rect.width),
      footerEnd: [Span(position, theme(.muted))]
    ).draw(in: rect, of: &buffer)
  }

  /// The selected node's place among those shown, counted from 1.
  private func selectedPosition(among rows: [FleetRow]) -> Int? {
    guard case .node(let name) = state.interface.selection else { return nil }
    var position = 0
    for case .node(let node) in rows {
      position += 1
      if node.name == name { return position }
    }
    return nil
  }

  /// Hints in their usual order, the less important ones left out when it is narrow.
  private func fitting(width: Int) -> [Action.ID] {
    var kept = Self.hints
    while Hints.spans(kept, state, theme, width: .max).width > width, kept.count > 2 { kept.removeLast() }
    return Self.orderedHints.filter(kept.contains)
  }

  private func traffic(width: Int) -> [Span] {
    guard let traffic = state.traffic else { return [] }
    let isBad = traffic.lost + traffic.wrong > 0
    let style = isBad ? theme(.critical) : theme(.ok)
    let mark = isBad ? "✖ " : "● "
    let bad = Span("\(mark)\(Format.count(traffic.lost)) lost  \(Format.count(traffic.wrong)) wrong", style)
    guard width >= 100 else { return [bad] }
    return [Span("shoppers \(Format.count(traffic.sent)) sent  ", theme(.muted)), bad]
      + (traffic.failovers > 0 ? [Span("  \(Format.count(traffic.failovers)) failed over", theme(.muted))] : [])
  }

  /// Small screens: no frames, no charts, the table and the keys.
  private func compact(into buffer: inout Buffer) {
    let size = buffer.size
    let rect = Rect(x: 0, y: 1, width: size.width, height: size.height - 2)
    NodeTable(state: state, theme: theme, rows: FleetRows.rows(state)).draw(in: rect, of: &buffer)
    if state.interface.filterInput != nil || state.interface.notice != nil || state.isJobRunning {
      BottomLine(state: state, theme: theme).draw(y: size.height - 1, into: &buffer)
    } else {
      let kept = fitting(width: size.width - 2)
      buffer.write(Hints.spans(kept, state, theme, width: .max), x: 1, y: size.height - 1, limit: size.width - 2)
    }
  }
}
