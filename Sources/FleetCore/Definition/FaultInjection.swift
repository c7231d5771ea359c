/// A fault on purpose, for demonstrations and tests: `latency=120ms errors=5% after=45s for=30s`.
package struct FaultInjection: Sendable, Equatable {
  /// Added to every answer.
  package var latency: Duration
  /// Share of requests answered with an error, 0 to 1.
  package var errors: Double
  /// From the start of the agent.
  package var after: Duration
  /// How long it lasts; nil for ever.
  package var lasting: Duration?
  /// As it was asked for; frames carry it.
  package let text: String

  /// Throws `.invalid` with every problem found.
  package init(parsing text: String) throws(CommandError) {
    self.text = text
    latency = .zero
    errors = 0
    after = .zero
    var problems: [String] = []
    let keys = ["latency", "errors", "after", "for"]
    for part in text.split(separator: " ") {
      let pair = part.split(separator: "=", maxSplits: 1).map(String.init)
      guard pair.count == 2 else {
        problems.append("expected key=value, found '\(part)'")
        continue
      }
      switch pair[0] {
      case "latency":
        if let value = Quantity.duration(pair[1]) { latency = value } else { problems.append(Self.duration(pair)) }
      case "after":
        if let value = Quantity.duration(pair[1]) { after = value } else { problems.append(Self.duration(pair)) }
      case "for":
        if let value = Quantity.duration(pair[1]) { lasting = value } else { problems.append(Self.duration(pair)) }
      case "errors":
        if let value = Quantity.fraction(pair[1]) {
          errors = value
        } else {
          problems.append("errors: expected a percentage such as '5%', found '\(pair[1])'")
        }
      default:
        problems.append("unknown fault '\(pair[0])'\(NearName.hint(for: pair[0], among: keys))")
      }
    }
    if problems.isEmpty, latency == .zero && errors == 0 || lasting == .zero {
      problems.append("expected 'latency=TIME' or 'errors=PERCENT', found '\(text)'")
    }
    guard problems.isEmpty else {
      throw CommandError(.invalid, problems.map { "--inject: \($0)" }.joined(separator: "\n"))
    }
  }

  private static func duration(_ pair: [String]) -> String {
    "\(pair[0]): expected a duration such as '120ms', found '\(pair[1])'"
  }
}
