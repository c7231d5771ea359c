/// How many of a version's golden set, pictures whose answers are known, it answers right.
package struct GoldenResult: Sendable, Equatable, Codable {
  /// The file of a version that holds its golden set.
  package static let fileName = "golden.json"
  /// Larger files are refused, and longer lists of pictures: an engine on a small box holds them in memory.
  package static let maximumBytes = 32 << 20
  package static let maximumImages = 10_000

  package var right: Int
  package var total: Int

  package init(right: Int, total: Int) {
    self.right = right
    self.total = total
  }

  /// 0 to 1; nil when there is nothing to answer.
  package var accuracy: Double? { total > 0 ? Double(right) / Double(total) : nil }
}
