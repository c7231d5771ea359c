/// When nodes of a store have drained themselves, as far as one of them knows: it gives its word to no more of them than the rule's share
/// of an hour allows. The first of a quiet time needs no waiting. No clock: times are seconds since 1970.
package struct AutoDrainLedger: Sendable, Equatable, Codable {
  package struct Entry: Sendable, Equatable, Codable {
    package var node: NodeName
    package var seconds: Double
  }

  package private(set) var entries: [Entry] = []
  private static let limit = 256

  package init() {}

  /// Seconds from one to the next.
  package static func pause(perHour: Double, nodes: Int) -> Double { 3600 / max(perHour * Double(max(nodes, 1)), 1e-6) }

  /// Why `node` may not, as a clause that follows the name of who keeps this; nil when it may. One that comes back and goes again
  /// within the hour has one fault, not two.
  package func objection(to node: NodeName, at seconds: Double, perHour: Double, nodes: Int) -> String? {
    if entries.contains(where: { $0.node == node && seconds - $0.seconds < 3600 }) { return nil }
    let pause = Self.pause(perHour: perHour, nodes: nodes)
    guard let last = entries.last(where: { $0.seconds <= seconds && seconds - $0.seconds < pause }) else { return nil }
    let left = Quantity.text(.seconds(Int((pause - (seconds - last.seconds)).rounded(.up))))
    return "says that \(last.node) has drained itself already, and the share of an hour allows the next in \(left)"
  }

  package mutating func note(_ node: NodeName, at seconds: Double) {
    guard !entries.contains(where: { $0.node == node && (0..<3600).contains(seconds - $0.seconds) }) else { return }
    entries.append(Entry(node: node, seconds: seconds))
    if entries.count > Self.limit { entries.removeFirst() }
  }
}
