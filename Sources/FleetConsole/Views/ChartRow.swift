internal import FleetCore
internal import Terminal

/// Latency, utilization and power of what is selected, over the last two minutes.
struct ChartRow {
  let state: FleetState
  let theme: Theme
  let nodes: [NodeState]
  let title: String

  static let leastHeight = 8

  /// A height at most that, at which the axis divides into four; 0 when there is no room for charts.
  static func height(within room: Int) -> Int {
    [16, 12, 8].first { $0 <= room } ?? 0
  }

  func draw(in rect: Rect, of buffer: inout Buffer) {
    let count = rect.width >= 96 ? 3 : rect.width >= 64 ? 2 : 1
    let parts = Layout.columns(rect, [Extent](repeating: .share(1), count: count))
    for (index, part) in parts.enumerated() {
      switch index {
      case 0: latency(in: part, of: &buffer)
      case 1: utilization(in: part, of: &buffer)
      default: power(in: part, of: &buffer)
      }
    }
  }

  private func latency(in rect: Rect, of buffer: inout Buffer) {
    let legend: [(String, Role)] = nodes.count == 1 ? [("p50", .chart1), ("p99", .chart2)] : names("p99 ", "p99s: ")
    let series = nodes.count == 1 ? [\Sample.p50, \Sample.p99].map { (nodes[0], $0) } : nodes.map { ($0, \Sample.p99) }
    let limit = state.definition.slo.p99.milliseconds
    draw(series, name: "latency ms", legend: legend, atLeast: 2, limit: limit, in: rect, of: &buffer)
  }

  private func utilization(in rect: Rect, of buffer: inout Buffer) {
    draw(
      nodes.map { ($0, \Sample.utilization) },
      name: "utilization %",
      legend: nodes.count == 1 ? [] : names(""),
      scale: 100,
      fixed: 0...100,
      in: rect,
      of: &buffer
    )
  }

  private func power(in rect: Rect, of buffer: inout Buffer) {
    let isEstimate = nodes.contains { $0.metrics.watts.isEstimate }
    draw(
      nodes.map { ($0, \Sample.watts) },
      name: isEstimate ? "power W, estimate" : "power W",
      legend: nodes.count == 1 ? [] : names(""),
      atLeast: 1,
      in: rect,
      of: &buffer
    )
  }

  private static let roles: [Role] = [.chart1, .chart2, .chart3]
  /// What is drawn of more nodes than there are colours.
  private static let summary = ["lowest", "highest", "middle"]

  private var isSummary: Bool { nodes.count > Self.roles.count }

  /// Whose line has which colour; `summaryPrefix` comes before the first word where the lines are of no single node.
  private func names(_ prefix: String, _ summaryPrefix: String = "") -> [(String, Role)] {
    isSummary
      ? zip(Self.summary, Self.roles).enumerated().map { (($0 == 0 ? summaryPrefix : "") + $1.0, $1.1) }
      : zip(nodes, Self.roles).map { (prefix + $0.name.node, $1) }
  }

  private func draw(
    _ series: [(NodeState, KeyPath<Sample, Double?>)],
    name: String,
    legend: [(String, Role)],
    scale: Double = 1,
    atLeast: Double = 1,
    fixed: ClosedRange<Double>? = nil,
    limit: Double? = nil,
    in rect: Rect,
    of buffer: inout Buffer
  ) {
    var heading = [Span("\(title) ", theme(.title)), Span(name, theme(.muted))]
    for (text, role) in legend { heading += [Span(" ── ", theme(role)), Span(text, theme(.muted))] }
    // A narrow title keeps the legend: whose lines these are, the selection shows as well.
    if heading.width > rect.width - 6 { heading.removeFirst() }
    let inside = Box(border: theme(.border), title: heading).draw(in: rect, of: &buffer)
    // The range has to be known before the room for the lines is, since its labels take some of it.
    let all = series.flatMap { node, path in
      node.timedSamples.compactMap { $0.sample[keyPath: path].map { $0 * scale } }
    }
    let range = fixed ?? LineChart.niceRange(all, atLeast: atLeast)
    var chart = LineChart(
      series: [],
      range: range,
      limit: limit,
      axis: theme(.muted),
      limitStyle: theme(.critical),
      startLabel: "-2 min",
      endLabel: "now"
    )
    let columns = chart.plotWidth(in: inside.width)
    var lines = series.map { node, path in
      Timeline.dots(
        node.timedSamples.map { ($0.time, $0.sample[keyPath: path].map { $0 * scale }) },
        columns: columns,
        seconds: NodeState.chartSeconds,
        now: state.now.uptime
      )
    }
    if isSummary { lines = Timeline.summary(of: lines) }
    chart.series = zip(lines, Self.roles).map { LineChart.Series(values: $0, style: theme($1)) }
    chart.draw(in: inside, of: &buffer)
    if all.isEmpty {
      let text = nodes.isEmpty ? "nothing is selected" : "no values yet"
      buffer.write(
        text,
        x: inside.x + 7,
        y: inside.y + inside.height / 2,
        style: theme(.muted),
        limit: inside.width - 7
      )
    }
  }
}

/// Samples to dots on a fixed grid of time.
enum Timeline {
  /// The lines move to the left at most so often, in seconds: moving them sends them anew, which is most of what the
  /// dashboard sends.
  private static let moveSeconds = 4.0

  /// The lowest, the highest and the middle one of many lines at each dot.
  static func summary(of lines: [[Double?]]) -> [[Double?]] {
    let sorted = (lines.first ?? []).indices.map { index in lines.compactMap { $0[index] }.sorted() }
    return [sorted.map(\.first), sorted.map(\.last), sorted.map { $0.isEmpty ? nil : $0[$0.count / 2] }]
  }

  /// One value for each half of a column, oldest first. The axis moves by whole columns and stands still in between, while
  /// its right end fills up.
  static func dots(_ samples: [(time: Double, value: Double?)], columns: Int, seconds: Double, now: Double) -> [Double?]
  {
    guard columns > 0 else { return [] }
    let half = seconds / Double(columns) / 2
    let step = 2 * half * max(1, (moveSeconds / (2 * half) - 0.001).rounded(.up))
    let end = (now / step).rounded(.down) * step + step
    let start = end - Double(columns * 2) * half
    // A second between frames may span several dots; longer without news is a gap.
    let hold = max(half, 2.5)
    var dots = [Double?](repeating: nil, count: columns * 2)
    var last: (time: Double, value: Double?)?
    var next = samples.startIndex
    for index in dots.indices {
      let until = start + Double(index + 1) * half
      while next < samples.endIndex, samples[next].time < until {
        last = samples[next]
        next += 1
      }
      guard until - half <= now, let last, until - half - last.time <= hold else { continue }
      dots[index] = last.value
    }
    return dots
  }
}
