/// When a faulty node drains itself, and when it comes back: `auto_drain:` in fleet.yaml, and of an agent.
package struct AutoDrainRule: Sendable, Equatable {
  /// Off by default, and shadow first: a rule that acts has to earn it.
  package var mode: AutoDrainStatus.Mode
  /// How long a node must have been faulty without a break.
  package var after: Duration
  /// How long it stays away at least, so that what made it faulty can pass.
  package var rest: Duration
  /// How long it serves under watch before it counts as well.
  package var probation: Duration
  /// Share of a store's nodes that may drain themselves in an hour. All stores together stay below that share of the fleet in the long
  /// run, with no line between them; when a fault hits them all at once, one node of each may go.
  package var perHour: Double

  package init(
    mode: AutoDrainStatus.Mode = .off,
    after: Duration = .seconds(60),
    rest: Duration = .seconds(60),
    probation: Duration = .seconds(300),
    perHour: Double = 0.05
  ) {
    self.mode = mode
    self.after = after
    self.rest = rest
    self.probation = probation
    self.perHour = perHour
  }

  static let durations: ClosedRange<Duration> = .seconds(5)...(.seconds(86_400))

  /// Reads `on after=60s rest=60s probation=5m per_hour=5%`, all but the first word not required. Throws every problem at once.
  package init(parsing text: String) throws(CommandError) {
    self.init()
    var problems: [String] = []
    let words = text.split(separator: " ").map(String.init)
    let modes = AutoDrainStatus.Mode.allCases.map(\.rawValue)
    if let word = words.first, let mode = AutoDrainStatus.Mode(rawValue: word) {
      self.mode = mode
    } else {
      let found = words.first ?? ""
      let hint = NearName.hint(for: found, among: modes)
      problems.append("--auto-drain: expected \(modes.joined(separator: ", ")) first, found '\(found)'\(hint)")
    }
    var seen: Set<String> = []
    for word in words.dropFirst() {
      let parts = word.split(separator: "=", maxSplits: 1).map(String.init)
      guard parts.count == 2 else {
        problems.append("--auto-drain: expected KEY=VALUE such as 'after=60s', found '\(word)'")
        continue
      }
      if !seen.insert(parts[0]).inserted { problems.append("--auto-drain: '\(parts[0])' is given twice") }
      if let problem = set(parts[0], to: parts[1]) { problems.append("--auto-drain: \(problem)") }
    }
    guard problems.isEmpty else { throw CommandError(.invalid, problems.joined(separator: "\n")) }
  }

  package static let keys = ["after", "rest", "probation", "per_hour"]

  /// What is wrong with it; nil when nothing is.
  package mutating func set(_ key: String, to text: String) -> String? {
    let duration = Quantity.duration(text).flatMap { Self.durations.contains($0) ? $0 : nil }
    switch key {
    case "per_hour":
      guard let share = Quantity.fraction(text), share > 0, share <= 1 else {
        return "\(key): expected a share such as '5%', found '\(text)'"
      }
      perHour = share
    case "after", "rest", "probation":
      guard let duration else { return "\(key): expected a duration from '5s' to '24h', found '\(text)'" }
      if key == "after" { after = duration } else if key == "rest" { rest = duration } else { probation = duration }
    default: return "unknown key '\(key)'\(NearName.hint(for: key, among: Self.keys))"
    }
    return nil
  }

  /// As `init(parsing:)` reads it.
  package var text: String {
    "\(mode.rawValue) after=\(Quantity.text(after)) rest=\(Quantity.text(rest)) probation=\(Quantity.text(probation)) "
      + "per_hour=\(perHour * 100)%"
  }
}
