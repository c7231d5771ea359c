internal import FleetCore

/// `fleet status` as text: one line a node, in aligned columns.
package enum StatusTable {
  /// Health in the terminal's own colours when `isColored`; glyph and word say the same without.
  package static func render(_ state: FleetState, isColored: Bool = false) -> String {
    let titles = [
      "NODE", "HEALTH", "AVAILABILITY", "MODEL", "REQ/S", "P50 MS", "P99 MS", "UTIL", "WATTS", "INF/J", "AGE", "NOTE",
    ]
    let rightAligned: Set<Int> = [4, 5, 6, 7, 8, 9, 10]
    let rows = state.nodes.map { row($0, state) }
    let table = TextTable.lines(titles: titles, rightAligned: rightAligned, rows: rows)
    var lines = [table[0]]
    for ((node, cells), line) in zip(zip(state.nodes, rows), table.dropFirst()) {
      var text = line
      if isColored {
        text = text.replacing(
          cells[1],
          with: color(node.condition(at: state.now)) + cells[1] + "\u{1B}[0m",
          maxReplacements: 1
        )
      }
      lines.append(text)
    }
    let sum = Aggregate(state.nodes, at: state.now)
    let counts = Condition.allCases.compactMap { condition in
      sum.conditions[condition].map { "\($0) \(condition.rawValue)" }
    }
    let watts = Format.reading(sum.watts) { Format.fixed($0, 1) }
    lines.append(
      "\(Words.nodes(sum.nodes)): \(counts.joined(separator: ", ")); \(Format.rate(sum.requestsPerSecond)) req/s\(Format.coverage(sum.requestsCoverage)), "
        + "p50 \(Format.number(sum.p50)) ms, p99 \(Format.number(sum.p99)) ms, \(watts) W\(Format.coverage(sum.wattsCoverage))"
    )
    if let window = window(state) { lines.append(window) }
    return lines.joined(separator: "\n") + "\n"
  }

  /// What the rates and percentiles cover; nil where there are none.
  private static func window(_ state: FleetState) -> String? {
    let windows = state.nodes.filter { $0.isReachable(at: state.now) }.flatMap(\.metrics.models).compactMap(
      \.windowSeconds
    )
    guard let least = windows.min(), let most = windows.max() else { return nil }
    let (from, to) = (Format.fixed(least, 1), Format.fixed(most, 1))
    return "rates and percentiles cover \(from == to ? to : "\(from) to \(to)") s before each node's age"
  }

  private static func row(_ node: NodeState, _ state: FleetState) -> [String] {
    let condition = node.condition(at: state.now)
    let metrics = node.metrics
    let versions = metrics.models.map(\.version.description).joined(separator: ",")
    let inferences =
      metrics.joulesPerInference.value.map { $0 > 0 } ?? false
      ? Format.reading(metrics.joulesPerInference.map { 1 / $0 }) { Format.number($0) } : Format.absent
    let isReachable = node.isReachable(at: state.now)
    var notes = isReachable ? node.last?.reasons ?? [] : [node.linkError].compactMap { $0 }
    if let drain = node.last?.drain { notes.append("drained for: \(drain.reason)") }
    if let fault = node.last?.injectedFault { notes.append("injected: \(fault)") }
    if node.last?.isSimulated ?? false { notes.append("simulated") }
    return [
      node.name.description, Mark.of(condition).text, node.last.map { Mark.of($0).word } ?? Format.absent,
      versions.isEmpty ? Format.absent : versions, Format.rate(metrics.requestsPerSecond),
      Format.number(metrics.latency.milliseconds(atPercentile: 50)),
      Format.number(metrics.latency.milliseconds(atPercentile: 99)),
      Format.reading(metrics.utilization, Format.percent), Format.reading(metrics.watts) { Format.fixed($0, 1) },
      inferences,
      Format.age(node.age(at: state.now)), notes.joined(separator: "; "),
    ]
  }

  private static func color(_ condition: Condition) -> String {
    switch condition {
    case .healthy: "\u{1B}[32m"
    case .degraded: "\u{1B}[33m"
    case .faulty, .unreachable: "\u{1B}[31m"
    case .connecting: "\u{1B}[2m"
    }
  }
}
