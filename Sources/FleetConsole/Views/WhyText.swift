internal import FleetCore
internal import FoundationEssentials
internal import Terminal

/// The parts of the story, as lines.
struct WhyText {
  let state: FleetState
  let theme: Theme
  let why: Why

  var parts: [(title: String, lines: [[Span]])] {
    [
      (why.isReachable ? "what is wrong" : "what was wrong, as far as is known", findings),
      ("what to do", why.advice.map { [Span("  · ", theme(.accent)), Span($0, theme(.text))] }),
      (why.since == nil ? "done lately" : "done around that time", changes), ("what it does about it", itself),
      ("half of the requests", split), ("siblings", siblings), ("numbers", numbers), ("alerts", alerts),
    ]
  }

  private var findings: [[Span]] {
    var lines: [[Span]] = []
    for finding in why.findings {
      let subject = finding.subject.isEmpty ? "" : "\(finding.subject): "
      lines.append(line(Mark.of(finding.health), subject + finding.text))
      if let words = EvidenceText.words(finding, utcOffset: state.utcOffset) {
        lines.append([Span("    \(EvidenceText.name(finding.rule)): ", theme(.muted)), Span(words, theme(.text))])
      }
    }
    if why.findings.isEmpty { lines += why.reasons.map { line(Mark.of(why.health ?? .healthy), $0) } }
    if let fault = why.injectedFault {
      lines.append([Span("  ⚑ ", theme(.warning)), Span("injected on purpose: \(fault)", theme(.warning))])
    }
    return lines
  }

  /// The newest first, each with how long it was before the trouble began.
  private var changes: [[Span]] {
    if why.changes.isEmpty {
      return why.since == nil ? [] : [[Span("  nothing that the node knows of", theme(.muted))]]
    }
    return why.changes.reversed().map { change in
      let by = change.change.orderedBy.map { ", by \($0)" } ?? ""
      let distance = change.secondsBefore.map { seconds in
        seconds >= 0 ? "\(Format.age(seconds)) before  " : "\(Format.age(-seconds)) after  "
      }
      return [
        Span("  \(Format.clock(change.change.time, utcOffset: state.utcOffset))  ", theme(.muted)),
        Span(distance ?? "", theme((change.secondsBefore ?? -1) >= 0 ? .warning : .muted)),
        Span(change.change.text + by, theme(.text)),
      ]
    }
  }

  private var itself: [[Span]] {
    guard let status = state.node(why.node)?.last?.autoDrain else { return [] }
    return [
      [Span("  auto-drain \(status.mode.rawValue): ", theme(.muted)), Span(NodeFacts.words(status), theme(.text))]
    ]
  }

  private var split: [[Span]] {
    guard let split = why.split else { return [] }
    let parts = [
      "\(Format.number(split.waiting)) waiting", "\(Format.number(split.computing)) computing",
      "about \(Format.number(split.elsewhere)) elsewhere",
    ]
    return [
      [
        Span("  take \(Format.number(split.total)) ms or less: ", theme(.muted)),
        Span(parts.joined(separator: ", "), theme(.text)),
      ]
    ]
  }

  private var siblings: [[Span]] {
    why.siblings.map { sibling in
      let mark = Mark.of(sibling.condition)
      let versions = sibling.versions.map(\.description).joined(separator: ",")
      return [
        Span("  \(sibling.name.description.padding(to: 16)) ", theme(.text)),
        Span(mark.text.padding(to: 14), theme(mark.role)),
        Span(
          " p99 \(Format.number(sibling.p99)) ms, \(Format.rate(sibling.requestsPerSecond)) req/s, \(versions)",
          theme(.text)
        ),
      ]
    }
  }

  private var numbers: [[Span]] {
    why.numbers.map { number in
      let value = Format.reading(number.reading) { "\(Format.number($0)) \(number.unit)" }
      let limit = number.limit.map { "limit \(Format.number($0)) \(number.unit)" } ?? ""
      return [
        Span("  \(number.name.padding(to: 16)) ", theme(.muted)), Span(value.padding(to: 20), theme(.text)),
        Span(number.reading.absence ?? limit, theme(.muted)),
      ]
    }
  }

  private var alerts: [[Span]] {
    state.alerts.alerts(of: why.node).map { alert in
      let by = alert.acknowledgement.map { "; \($0.by) has it" } ?? ""
      return line(Mark.of(alert), "alert \(alert.id): \(alert.headline)\(by)")
    }
  }

  private func line(_ mark: Mark, _ text: String) -> [Span] {
    [Span("  \(mark.glyph) ", theme(mark.role)), Span(text, theme(mark.role))]
  }
}

extension Mark {
  static func of(_ health: Health) -> Mark {
    switch health {
    case .healthy: of(Condition.healthy)
    case .degraded: of(Condition.degraded)
    case .faulty: of(Condition.faulty)
    }
  }
}
