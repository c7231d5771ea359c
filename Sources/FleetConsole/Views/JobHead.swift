internal import FleetCore
internal import Terminal

/// How a job stands as a whole: progress, bytes, rules, reason, what was asked.
struct JobHead {
  let state: FleetState
  let theme: Theme
  let page: JobPage
  let width: Int

  var lines: [[Span]] {
    let other = page.job.progress.isEmpty ? "it has told nothing yet" : page.job.progress
    var lines = page.report.map(rollout) ?? [[Span(other, theme(.text))]]
    let isUndecided = page.job.state == .running && page.report?.counts[RolloutNode.Phase.undecided.rawValue] != nil
    let mark = isUndecided ? Mark.of(RolloutNode.Phase.undecided) : Mark.of(page.job.state)
    // A running job's own reason is what holds it up; the report has it sooner than the journal.
    var reasons = [page.report?.reason, page.job.reason, page.report?.problem].compactMap { $0 }.filter { !$0.isEmpty }
    reasons = reasons.enumerated().filter { index, text in !reasons[..<index].contains { $0.contains(text) } }.map(\.1)
    for reason in reasons {
      let wrapped = Glyphs.wrapped(reason, to: max(10, width - 2))
      lines += wrapped.prefix(3).enumerated().map { index, text in
        [Span(index == 0 ? "\(mark.glyph) " : "  ", theme(mark.role)), Span(text, theme(mark.role))]
      }
    }
    for asked in page.asked {
      let heard = asked.isHeard ? "" : ", not heard yet"
      lines.append([
        Span("\(asked.kind) asked by \(asked.by) \(JobText.ago(asked.time, state)) ago\(heard)", theme(.accent))
      ])
    }
    return lines
  }

  private func rollout(_ report: RolloutReport) -> [[Span]] {
    let summary = ListedJob.Summary(report)
    let (nodes, stores) = ("\(summary.reachedNodes)/\(summary.nodes)", "\(summary.reachedStores)/\(summary.stores)")
    var first = Meter(full: theme(.chart1), empty: theme(.border)).spans(summary.fraction, width: 20)
    first += [
      Span(" \(Format.percent(summary.fraction))", theme(.title)),
      Span("  \(nodes) nodes  \(stores) stores", theme(.text)),
    ]
    if page.job.state == .running { first.append(toGo(report)) }
    return [
      first,
      bytes(report),
      fact(
        "rules",
        "\(report.rules.strategy): waves \(report.rules.waves), bake \(Quantity.text(.seconds(report.rules.bakeSeconds))), "
          + "abort \(report.rules.abort)"
      ),
      fact("gate", report.rules.gate.isEmpty ? "none" : report.rules.gate),
    ]
  }

  private func toGo(_ report: RolloutReport) -> Span {
    guard let seconds = report.etaSeconds else { return Span("  no estimate yet", theme(.muted)) }
    return Span("  ~\(Format.age(seconds)) to go, an estimate", theme(.accent))
  }

  private func bytes(_ report: RolloutReport) -> [Span] {
    var text = "\(Format.bytes(Double(report.bytesSent))) sent"
    if let saved = report.bytesSaved {
      text += saved > 0 ? ", \(Format.bytes(Double(saved))) saved against whole copies" : ", as whole copies"
    }
    return fact("bytes", text)
  }

  private func fact(_ label: String, _ value: String) -> [Span] {
    [Span(label.padding(to: 7), theme(.muted)), Span(value, theme(.text))]
  }
}

extension String {
  /// Blanks after it, up to that width.
  func padding(to width: Int) -> String {
    self + String(repeating: " ", count: max(0, width - Glyphs.width(of: self)))
  }
}
