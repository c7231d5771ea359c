/// How a rollout grows: `1,10%,50%,100%`. Each entry is how many stores have been reached when its wave is over, as a number or
/// as a part of the rollout's stores, rounded up. The last wave always takes what is left.
package struct Waves: WrittenRule {
  package enum Entry: Sendable, Equatable {
    case stores(Int)
    /// Hundredths of a percent, so that parts of a fleet are exact.
    case part(basisPoints: Int)
  }

  /// Everything at once.
  package static let whole = Waves(entries: [.part(basisPoints: 10_000)])
  package static let maximumEntries = 64

  package let entries: [Entry]

  init(entries: [Entry]) {
    self.entries = entries
  }

  package init(parsing text: String) throws(RuleError) {
    var entries: [Entry] = []
    var problems: [RuleError.Problem] = []
    var column = 1
    let parts = text.split(separator: ",", omittingEmptySubsequences: false)
    for part in parts.prefix(Self.maximumEntries) {
      let start = column + part.prefix { $0.isWhitespace }.count
      column += part.count + 1
      let word = String(part.drop { $0.isWhitespace }.reversed().drop { $0.isWhitespace }.reversed())
      guard let entry = Self.entry(word) else {
        let found = word.isEmpty ? "nothing" : "'\(word)'"
        let words = "expected a number of stores such as '5' or a part of them such as '10%', found \(found)"
        problems.append(RuleError.Problem(column: start, text: words))
        continue
      }
      if let last = entries.last(where: { Self.isComparable($0, entry) }), !Self.grows(from: last, to: entry) {
        let words =
          "'\(word)' is not more than '\(Self.text(last))' before it; each entry counts all stores reached so far"
        problems.append(RuleError.Problem(column: start, text: words))
      }
      entries.append(entry)
    }
    if parts.count > Self.maximumEntries {
      problems.append(RuleError.Problem(column: column, text: "expected at most \(Self.maximumEntries) waves"))
    }
    guard problems.isEmpty else { throw RuleError(rule: "waves", problems: problems) }
    self.entries = entries
  }

  /// Splits `stores`, in their order. A wave that would reach no more than the one before it is left out.
  package func split<Store>(_ stores: [Store]) -> [[Store]] {
    var waves: [[Store]] = []
    var reached = 0
    for entry in entries + [.part(basisPoints: 10_000)] {
      let end = min(stores.count, Self.count(entry, of: stores.count))
      guard end > reached else { continue }
      waves.append(Array(stores[reached..<end]))
      reached = end
    }
    return waves
  }

  package var description: String { entries.map(Self.text).joined(separator: ",") }

  private static func entry(_ word: String) -> Entry? {
    if let points = RuleToken.basisPoints(word) { return points > 0 ? .part(basisPoints: points) : nil }
    guard word.utf8.allSatisfy({ (48...57).contains($0) }), let count = Int(word), (1...1_000_000).contains(count)
    else {
      return nil
    }
    return .stores(count)
  }

  private static func count(_ entry: Entry, of total: Int) -> Int {
    switch entry {
    case .stores(let count): count
    case .part(let points): (points * total + 9_999) / 10_000
    }
  }

  private static func isComparable(_ left: Entry, _ right: Entry) -> Bool {
    switch (left, right) {
    case (.stores, .stores), (.part, .part): true
    default: false
    }
  }

  private static func grows(from left: Entry, to right: Entry) -> Bool {
    count(right, of: 10_000) > count(left, of: 10_000)
  }

  private static func text(_ entry: Entry) -> String {
    switch entry {
    case .stores(let count): "\(count)"
    case .part(let points): RuleToken.percent(basisPoints: points)
    }
  }
}
