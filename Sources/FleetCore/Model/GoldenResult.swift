/// How many of a version's golden set, pictures whose answers are known, it answers right.
package struct GoldenResult: Sendable, Equatable, Codable {
  package var right: Int
  package var total: Int

  package init(right: Int, total: Int) {
    self.right = right
    self.total = total
  }

  /// 0 to 1; nil when there is nothing to answer.
  package var accuracy: Double? { total > 0 ? Double(right) / Double(total) : nil }
}
