/// Reads texts such as `latency=120ms errors=5%`: pairs of a key and a value, apart by spaces.
enum KeyedText {
  /// Gives each pair to `take`, which answers what it expected when it cannot use the value. Answers all problems, in order.
  static func read(_ text: String, keys: [String], _ take: (_ key: String, _ value: String) -> String?)
    -> [String]
  {
    var problems: [String] = []
    var seen: Set<String> = []
    for part in text.split(separator: " ") {
      let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
      guard pair.count == 2 else {
        problems.append("expected key=value, found '\(part)'")
        continue
      }
      let (key, value) = (pair[0], pair[1])
      if !keys.contains(key) {
        problems.append("unknown key '\(key)'\(NearName.hint(for: key, among: keys))")
      } else if !seen.insert(key).inserted {
        problems.append("\(key): given twice")
      } else if let expected = take(key, value) {
        problems.append("\(key): expected \(expected), found '\(value)'")
      }
    }
    return problems
  }
}
