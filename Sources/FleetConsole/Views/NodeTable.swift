internal import FleetCore
internal import Terminal

/// The table of stores and nodes.
struct NodeTable {
  let state: FleetState
  let theme: Theme
  /// All of them: the table shows those around the selection.
  let rows: [FleetRow]

  private var columns: [Table.Column] {
    [
      Table.Column("  node", width: 10, growth: 1, maximum: 16),
      Table.Column("health", width: 13),
      Table.Column("availability", width: 12, priority: 4),
      Table.Column("model", width: 12, growth: 2, maximum: 16, priority: 5),
      Table.Column("req/s", width: 6, alignment: .right, priority: 3),
      Table.Column("p50", width: 5, alignment: .right, priority: 7),
      Table.Column("p99 ms", width: 7, alignment: .right, priority: 2, gap: 1),
      Table.Column("util", width: 5, alignment: .right, growth: 2, maximum: 16, priority: 6),
      Table.Column("watts", width: 6, alignment: .right, priority: 6),
      Table.Column("inf/J", width: 6, alignment: .right, priority: 8, gap: 1),
      Table.Column("°C", width: 4, alignment: .right, priority: 9, gap: 1),
      Table.Column("age", width: 4, alignment: .right, priority: 1, gap: 1),
      Table.Column("note", width: 12, growth: 6, priority: 10),
    ]
  }

  private static let sortColumns: [SortKey: Int] = [
    .name: 0, .health: 1, .requests: 4, .p99: 6, .utilization: 7, .watts: 8,
  ]

  /// Rows of the table with its title row.
  func height() -> Int { max(3, rows.count) + 1 }

  func draw(in rect: Rect, of buffer: inout Buffer) {
    let sort = state.interface.sort
    let table = Table(
      columns: columns,
      header: theme(.muted),
      sortedColumn: Self.sortColumns[sort],
      sorted: theme(.key),
      sortMark: sort == .name ? "↑" : "↓",
      selection: theme(.selection)
    )
    guard !rows.isEmpty else {
      table.draw([], in: rect, of: &buffer)
      let text = state.nodes.isEmpty ? "fleet.yaml names no node" : "no node matches the filter; esc forgets it"
      buffer.write(text, x: rect.x + 2, y: rect.y + 2, style: theme(.muted), limit: rect.width - 2)
      return
    }
    let selected = rows.firstIndex { $0.selection == state.interface.selection }
    let visible = ScrollWindow.visible(count: rows.count, height: rect.height - 1, selected: selected ?? 0)
    let utilization = table.layout(width: rect.width).first { $0.index == 7 }?.width ?? 0
    let lines = visible.map { index in
      Table.Row(cells: cells(rows[index], meterWidth: utilization - 5), isSelected: index == selected)
    }
    table.draw(lines, in: rect, of: &buffer)
  }

  private func cells(_ row: FleetRow, meterWidth: Int) -> [[Span]] {
    switch row {
    case .store(let name, let nodes): store(name, nodes, meterWidth)
    case .node(let node): self.node(node, meterWidth)
    }
  }

  private func node(_ node: NodeState, _ meterWidth: Int) -> [[Span]] {
    let now = state.now
    let condition = node.condition(at: now)
    let isFresh = node.isReachable(at: now)
    // Old numbers stay readable, but look old.
    let text = isFresh ? theme(.text) : theme(.stale)
    let mark = Mark.of(condition)
    let frame = node.last
    var name = [Span("    \(node.name.node)", text)]
    if frame?.injectedFault != nil { name.append(Span(" ⚑", theme(.warning))) }
    let availability = frame.map { frame -> [Span] in
      let mark = Mark.of(frame)
      return [isFresh ? Span(mark.text, theme(mark.role)) : Span("was \(mark.word)", theme(.stale))]
    }
    let overLimit = (node.metrics.latency.milliseconds(atPercentile: 99) ?? 0) > state.definition.slo.p99.milliseconds
    let age = node.age(at: now)
    return [
      name,
      [Span(mark.text, theme(mark.role))],
      availability ?? [Span(Format.absent, theme(.muted))],
      [Span(versions(node.metrics.models.map(\.version)), text)],
      [Span(Format.rate(node.metrics.requestsPerSecond), text)],
      [Span(Format.number(node.metrics.latency.milliseconds(atPercentile: 50)), text)],
      [
        Span(
          Format.number(node.metrics.latency.milliseconds(atPercentile: 99)),
          isFresh && overLimit ? theme(.warning) : text
        )
      ],
      utilization(node.metrics.utilization, meterWidth, isFresh: isFresh),
      [Span(Format.reading(node.metrics.watts) { Format.fixed($0, 1) }, text)],
      [Span(inferencesPerJoule(node.metrics.joulesPerInference), text)],
      [Span(Format.reading(node.metrics.celsius) { Format.fixed($0, 0) }, text)],
      [Span(Format.age(age), isFresh ? theme(.muted) : theme(.critical))],
      note(node, condition),
    ]
  }

  private func store(_ name: String, _ nodes: [NodeState], _ meterWidth: Int) -> [[Span]] {
    let sum = Aggregate(nodes, at: state.now)
    let mark = Mark.of(sum.condition)
    let title = theme(.title)
    let isFolded = state.interface.collapsed.contains(name)
    let isShort = sum.serving < sum.nodes
    let overLimit = (sum.p99 ?? 0) > state.definition.slo.p99.milliseconds
    return [
      [Span(isFolded ? "▸ " : "▾ ", theme(.muted)), Span(name, title)],
      [Span(mark.text, theme(mark.role))],
      [Span("\(sum.serving)/\(sum.nodes) serving", isShort ? theme(.warning) : theme(.text))],
      [Span(versions(sum.versions), theme(.text))],
      [Span(Format.bound(sum.requestsCoverage) + Format.rate(sum.requestsPerSecond), title)],
      [Span(Format.number(sum.p50), title)],
      [Span(Format.number(sum.p99), overLimit ? theme(.warning).bold : title)],
      utilization(sum.utilization, meterWidth, isFresh: true),
      [Span(Format.bound(sum.wattsCoverage) + Format.reading(sum.watts) { Format.fixed($0, 1) }, title)],
      [Span(inferencesPerJoule(sum.joulesPerInference), title)],
      [Span(Format.reading(sum.celsius) { Format.fixed($0, 0) }, title)],
      [Span("", title)],
      sumNote(sum),
    ]
  }

  /// What the sums of a store do not cover.
  private func sumNote(_ sum: Aggregate) -> [Span] {
    var parts: [String] = []
    if sum.conditions[.unreachable] ?? 0 > 0 { parts.append("sums leave out what is unreachable") }
    for (what, coverage) in [("req/s", sum.requestsCoverage), ("watts", sum.wattsCoverage)]
    where coverage.known > 0 && !coverage.isWhole {
      parts.append("\(what) of \(coverage.known)/\(coverage.all) nodes")
    }
    return parts.isEmpty ? [] : [Span(parts.joined(separator: "; "), theme(.muted))]
  }

  private func note(_ node: NodeState, _ condition: Condition) -> [Span] {
    guard node.isReachable(at: state.now), let frame = node.last else {
      return condition == .unreachable ? [Span(node.linkError ?? "nothing comes over the link", theme(.stale))] : []
    }
    if let problem = frame.engine.problem, frame.engine.state != .serving { return [Span(problem, theme(.warning))] }
    if let drain = frame.drain {
      let inFlight = frame.availability == .draining ? "\(node.metrics.inFlight) in flight, " : ""
      return [Span("\(inFlight)\(Format.count(drain.handedOff)) handed off: \(drain.reason)", theme(.accent))]
    }
    if let reason = frame.reasons.first { return [Span(reason, theme(Mark.of(condition).role))] }
    if let fault = frame.injectedFault { return [Span("⚑ injected: \(fault)", theme(.warning))] }
    return frame.isSimulated ? [Span("simulated", theme(.muted))] : []
  }

  private func utilization(_ reading: Reading, _ meterWidth: Int, isFresh: Bool) -> [Span] {
    guard let value = reading.value else { return [Span(Format.absent, theme(.muted))] }
    let text = Format.reading(reading, Format.percent)
    let number = String(repeating: " ", count: max(0, 5 - Glyphs.width(of: text))) + text
    let style = isFresh ? theme(.text) : theme(.stale)
    guard meterWidth >= 4 else { return [Span(text, style)] }
    let meter = Meter(full: isFresh ? theme(.chart1) : theme(.stale), empty: theme(.border))
    return meter.spans(value, width: min(10, meterWidth)) + [Span(number, style)]
  }

  private func inferencesPerJoule(_ joules: Reading) -> String {
    guard let value = joules.value, value > 0 else { return Format.absent }
    return Format.reading(joules.map { 1 / $0 }) { Format.number($0) }
  }

  /// `tag-reader@1`, `tag-reader@1,2`, `3 models`.
  private func versions(_ versions: [ModelVersion]) -> String {
    guard let first = versions.first else { return Format.absent }
    let names = Set(versions.map(\.name))
    if names.count > 1 { return "\(names.count) models" }
    return "\(first.name)@" + versions.map { "\($0.number)" }.joined(separator: ",")
  }
}
