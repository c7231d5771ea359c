internal import FleetCore
internal import FoundationEssentials

extension Why {
  /// For a terminal. `utcOffset` is seconds east of UTC, for times.
  package func text(utcOffset: Int = 0) -> String {
    var lines = [headline]
    if isSimulated == true { lines.append("simulated: a stand-in, not a box") }
    let shownFindings = findings.map { finding in
      [
        finding.rule.rawValue + (finding.subject.isEmpty ? "" : " (\(finding.subject))"), finding.health.rawValue,
        finding.since.map { Format.clock($0, utcOffset: utcOffset) } ?? Format.absent, Self.evidence(finding),
        finding.text,
      ]
    }
    if !findings.isEmpty {
      lines += ["", isReachable ? "WHAT IS WRONG" : "WHAT WAS WRONG, AS FAR AS IS KNOWN"]
      lines += TextTable.lines(titles: ["RULE", "HEALTH", "SINCE", "EVIDENCE", "IN WORDS"], rows: shownFindings)
    }
    if findings.isEmpty, !reasons.isEmpty { lines += ["", "WHAT IT SAYS"] + reasons }
    if let split, isReachable {
      let parts = [
        "\(Format.number(split.waiting)) waiting", "\(Format.number(split.computing)) computing",
        "about \(Format.number(split.elsewhere)) elsewhere",
      ]
      lines += [
        "", "HALF OF THE REQUESTS TAKE \(Format.number(split.total)) MS OR LESS", parts.joined(separator: ", "),
      ]
    }
    if let injectedFault { lines += ["", "INJECTED ON PURPOSE", injectedFault] }
    if !changes.isEmpty {
      lines += ["", since == nil ? "DONE LATELY" : "DONE AROUND THAT TIME"]
      lines += changes.map { Self.line($0, utcOffset: utcOffset) }
    } else if since != nil {
      lines += ["", "DONE AROUND THAT TIME", "nothing that the node knows of"]
    }
    if !siblings.isEmpty {
      let rows = siblings.map { sibling in
        [
          sibling.name.description, sibling.condition.rawValue, sibling.isServing ? "serving" : "not serving",
          sibling.versions.map(\.description).joined(separator: ","), Format.rate(sibling.requestsPerSecond),
          Format.number(sibling.p99),
        ]
      }
      lines.append("")
      lines += TextTable.lines(
        titles: ["SIBLING", "HEALTH", "AVAILABILITY", "MODEL", "REQ/S", "P99 MS"],
        rightAligned: [4, 5],
        rows: rows
      )
    }
    if !numbers.isEmpty { lines += [""] + numberLines }
    if !advice.isEmpty { lines += ["", "WHAT TO DO"] + advice.map { "- \($0)" } }
    return lines.joined(separator: "\n") + "\n"
  }

  private var headline: String {
    guard let since, let newsTime, isReachable else { return summary }
    return "\(summary) (it began \(Format.age(newsTime.timeIntervalSince(since))) ago)"
  }

  private var numberLines: [String] {
    let rows = numbers.map { number in
      [
        number.name, Format.reading(number.reading) { "\(Format.number($0)) \(number.unit)" },
        number.limit.map { "\(Format.number($0)) \(number.unit)" } ?? Format.absent, number.reading.absence ?? "",
      ]
    }
    return TextTable.lines(titles: [isReachable ? "NUMBER" : "LAST NUMBER", "VALUE", "LIMIT", "NOTE"], rows: rows)
  }

  private static func evidence(_ finding: Finding) -> String {
    guard let value = finding.value else { return Format.absent }
    let unit = finding.unit.isEmpty ? "" : " \(finding.unit)"
    let limit = finding.limit.map { ", limit \(Format.number($0))\(unit)" } ?? ""
    let samples = finding.samples.map { ", \(Format.count($0)) samples" } ?? ""
    return "\(Format.number(value))\(unit)\(limit)\(samples)"
  }

  private static func line(_ change: Change, utcOffset: Int) -> String {
    let time = Format.clock(change.change.time, utcOffset: utcOffset)
    let by = change.change.orderedBy.map { ", by \($0)" } ?? ""
    let distance = change.secondsBefore.map { seconds in
      seconds >= 0 ? "  \(Format.age(seconds)) before it" : "  \(Format.age(-seconds)) after it"
    }
    return "\(time)  \(change.change.text)\(by)\(distance ?? "")"
  }
}
