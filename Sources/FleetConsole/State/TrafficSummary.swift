/// What the demo's shoppers counted.
package struct TrafficSummary: Sendable, Hashable, Codable {
  package var sent: UInt64
  package var lost: UInt64
  package var wrong: UInt64
  /// Requests that a node refused and its sibling answered.
  package var failovers: UInt64

  package init(sent: UInt64 = 0, lost: UInt64 = 0, wrong: UInt64 = 0, failovers: UInt64 = 0) {
    self.sent = sent
    self.lost = lost
    self.wrong = wrong
    self.failovers = failovers
  }
}
