internal import FleetCore
internal import Terminal

/// The fleet in one line; what matters least goes first when it gets narrow.
struct HeaderLine {
  let state: FleetState
  let theme: Theme

  private struct Part {
    var spans: [Span]
    var priority: Int
    var isRight = false
  }

  func draw(y: Int, into buffer: inout Buffer) {
    let width = buffer.size.width
    var parts = self.parts
    func needed() -> Int {
      parts.reduce(1) { $0 + $1.spans.width + 2 } + 1
    }
    while needed() > width, let worst = parts.map(\.priority).max(), worst > 0 {
      parts.removeAll { $0.priority == worst }
    }
    var x = 1
    for part in parts where !part.isRight { x = buffer.write(part.spans, x: x, y: y, limit: width - x) + 2 }
    let right = parts.filter(\.isRight)
    var end = width - 1 - right.reduce(-2) { $0 + $1.spans.width + 2 }
    for part in right where end >= x { end = buffer.write(part.spans, x: end, y: y) + 2 }
  }

  /// `simulated`, or how many nodes are; nil when all that were heard are boxes.
  static func simulated(_ state: FleetState) -> String? {
    let heard = state.nodes.lazy.compactMap(\.last)
    let count = heard.count { $0.isSimulated }
    if count == 0 { return nil }
    return heard.allSatisfy(\.isSimulated) ? "simulated" : "\(count) simulated"
  }

  /// Those that nobody has taken on.
  private var alerts: Part? {
    let alerts = state.alerts.unacknowledged
    guard let worst = alerts.map(\.severity).max() else { return nil }
    let mark = Mark.of(worst)
    let text = "\(mark.glyph) \(alerts.count == 1 ? "1 alert" : "\(alerts.count) alerts")"
    return Part(spans: [Span(text, theme(mark.role))], priority: 2)
  }

  private var parts: [Part] {
    let total = Aggregate(state.nodes, at: state.now)
    let stores = Set(state.nodes.map(\.name.store)).count
    var parts = [
      Part(spans: [Span("fleet ", theme(.muted)), Span(state.definition.name, theme(.title))], priority: 6),
      Part(spans: [Span("\(Words.stores(stores))  \(Words.nodes(total.nodes))", theme(.muted))], priority: 8),
    ]
    if let words = Self.simulated(state) { parts.append(Part(spans: [Span(words, theme(.warning))], priority: 0)) }
    for condition in Condition.allCases {
      guard let count = total.conditions[condition], count > 0 else { continue }
      let mark = Mark.of(condition)
      parts.append(Part(spans: [Span("\(mark.glyph) \(count) \(mark.word)", theme(mark.role))], priority: 0))
    }
    if let alerts { parts.append(alerts) }
    if !state.jobs.interrupted.isEmpty {
      let text = "✖ \(Words.jobs(state.jobs.interrupted.count)) interrupted"
      parts.append(Part(spans: [Span(text, theme(.critical))], priority: 2))
    }
    if !state.jobs.alive.isEmpty {
      parts.append(Part(spans: [Span("▶ \(Words.jobs(state.jobs.alive.count))", theme(.accent))], priority: 2))
    }
    func number(_ value: String, _ unit: String, _ priority: Int) -> Part {
      Part(spans: [Span(value, theme(.text)), Span(unit, theme(.muted))], priority: priority, isRight: true)
    }
    let watts = Format.reading(total.watts) { Format.fixed($0, 1) }
    let joules = Format.reading(total.joulesPerInference) { Format.fixed($0, $0 < 0.995 ? 3 : 1) }
    parts.append(number(watts, " W" + Format.coverage(total.wattsCoverage), 4))
    if let energy = state.definition.energy {
      let cost = Format.reading(energy.costPerDay(watts: total.watts)) { Format.fixed($0, 2) }
      parts.append(number(cost, " \(energy.currency)/day" + Format.coverage(total.wattsCoverage), 9))
    }
    parts.append(number(joules, " J/inf", 7))
    parts.append(number(Format.rate(total.requestsPerSecond), " req/s" + Format.coverage(total.requestsCoverage), 1))
    parts.append(
      Part(
        spans: [
          Span("p50 ", theme(.muted)), Span(Format.number(total.p50), theme(.text)), Span("  p99 ", theme(.muted)),
          Span(Format.number(total.p99), theme(.text)), Span(" ms", theme(.muted)),
        ],
        priority: 3,
        isRight: true
      )
    )
    parts.append(
      Part(
        spans: [Span(Format.clock(state.now.date, utcOffset: state.utcOffset), theme(.title))],
        priority: 5,
        isRight: true
      )
    )
    return parts
  }
}
