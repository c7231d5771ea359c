/// What an operator says of one model: `tag-reader queue=64 wait=500ms batch=8 delay=2ms hint=throughput versions=all limit=30s`.
package struct ModelSetting: Sendable, Equatable {
  package var name: String
  package var options: ModelOptions

  private static let keys = ["queue", "wait", "batch", "delay", "hint", "versions", "limit"]

  /// Throws `.invalid` with every problem found.
  package init(parsing text: String) throws(CommandError) {
    let words = text.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: true).map(String.init)
    var options = ModelOptions()
    var problems: [String] = []
    let name = words.first ?? ""
    if name.contains("=") || !NodeName.isValidPart(name) {
      problems.append("expected a model's name first, as in 'tag-reader queue=64', found '\(text)'")
    }
    let pairs = name.contains("=") ? text : words.dropFirst().first ?? ""
    problems += KeyedText.read(pairs, keys: Self.keys) { key, value in Self.take(key, value, &options) }
    guard problems.isEmpty else {
      throw CommandError(.invalid, problems.map { "--model: \($0)" }.joined(separator: "\n"))
    }
    self.name = name
    self.options = options
  }

  /// What was expected, when `value` is something else.
  private static func take(_ key: String, _ value: String, _ options: inout ModelOptions) -> String? {
    switch key {
    case "queue":
      guard let count = Int(value), (1...65_536).contains(count) else { return "a number of requests from 1 to 65536" }
      options.maximumQueued = count
    case "wait":
      guard let time = Quantity.duration(value), time <= .seconds(600) else { return "a duration up to '10m'" }
      options.maximumWait = time.seconds
    case "batch":
      guard let count = Int(value), (1...1024).contains(count) else { return "a number of rows from 1 to 1024" }
      options.largestBatch = count
    case "delay":
      guard let time = Quantity.duration(value), time <= .seconds(1) else { return "a duration up to '1s'" }
      options.longestDelay = time.seconds
    case "hint":
      guard let hint = ModelOptions.Hint(rawValue: value) else { return "'auto', 'latency' or 'throughput'" }
      options.hint = hint
    case "versions":
      guard let policy = ModelOptions.VersionPolicy(value) else { return "'latest', 'all' or numbers such as '1,3'" }
      options.versions = policy
    default:
      guard let time = Quantity.duration(value), time >= .milliseconds(100), time <= .seconds(3600) else {
        return "a duration from '100ms' to '1h'"
      }
      options.computeLimit = time.seconds
    }
    return nil
  }
}

extension ModelOptions.VersionPolicy {
  /// `latest`, `all`, or version numbers with commas; nil when it is anything else.
  package init?(_ text: String) {
    switch text {
    case "latest": self = .latest
    case "all": self = .all
    default:
      let parts = text.split(separator: ",", omittingEmptySubsequences: false)
      let numbers = parts.compactMap { Int($0) }.filter { $0 > 0 }
      guard numbers.count == parts.count, Set(numbers).count == numbers.count else { return nil }
      self = .listed(numbers)
    }
  }
}
