import FoundationEssentials

/// Keeps the nodes that drain themselves below their share of the whole fleet in an hour, as far as a console sees it. A node that is about to
/// go says so for `AutoDrain.askSeconds`; the breaker objects to those for whom the hour has no room. No I/O and no clock: times are seconds
/// on a clock that never goes back.
///
/// Nodes need no console: to whom nobody objects goes with its siblings' leave alone. Two consoles see the same nodes go; where they
/// disagree about who asked first, both object and fewer go.
package struct FleetBreaker: Sendable, Equatable {
  private static let hour = 3600.0
  /// Later than this a node that was last seen asking has gone, or will ask anew.
  private static let longestAsk = 4 * AutoDrain.askSeconds

  private struct Ask: Sendable, Equatable {
    var since: Double
    var last: Double
    var isHeld: Bool
  }

  /// How many may go in an hour.
  package let limit: Int
  private let nodes: Int
  /// Away by a rule of its own now, and since when as far as is known.
  private var away: [NodeName: Double] = [:]
  /// Back since, and when each had gone.
  private var returned: [NodeName: Double] = [:]
  private var asks: [NodeName: Ask] = [:]
  /// How often nobody objected to a node and it stayed all the same, since its siblings did: others are before it then.
  private var turns: [NodeName: Int] = [:]

  /// Of a fleet of `nodes`, of which the share `perHour` may go; at least one may.
  package init(nodes: Int, perHour: Double) {
    self.nodes = nodes
    limit = max(1, Int(perHour * Double(nodes) + 1e-9))
  }

  /// Takes a node's new frame. Why the node must not drain itself now, when it is about to; else nil.
  package mutating func observe(_ frame: Frame, at seconds: Double) -> String? {
    guard let status = frame.autoDrain else { return nil }
    let node = frame.node
    switch status.stage {
    case .draining, .probation, .held:
      asks[node] = nil
      turns[node] = nil
      if away[node] == nil {
        // What the stage has lasted is a difference of two times of the node's own clock.
        let age = status.since.map { max(0, frame.time.timeIntervalSince($0)) } ?? 0
        away[node] = seconds - age
      }
      return nil
    case .watching, .wouldDrain, .refused:
      if let gone = away.removeValue(forKey: node) { returned[node] = gone }
    }
    guard status.askingSince != nil else {
      if let ask = asks.removeValue(forKey: node), !ask.isHeld { turns[node, default: 0] += 1 }
      return nil
    }
    asks[node] = Ask(since: asks[node]?.since ?? seconds, last: seconds, isHeld: false)
    let objection = objection(to: node, at: seconds)
    asks[node]?.isHeld = objection != nil
    return objection
  }

  private mutating func objection(to node: NodeName, at seconds: Double) -> String? {
    returned = returned.filter { seconds - $0.value < Self.hour }
    asks = asks.filter { seconds - $0.value.last < Self.longestAsk }
    guard let ask = asks[node] else { return nil }
    let gone = away.values.count { seconds - $0 < Self.hour } + returned.count { away[$0.key] == nil && $0.key != node }
    let own = (turns[node] ?? 0, ask.since, node)
    let before = asks.count { (turns[$0.key] ?? 0, $0.value.since, $0.key) < own }
    guard gone + before >= limit else { return nil }
    let share = "\(limit) of \(nodes) nodes"
    return
      "a console objects: \(share) may drain themselves in an hour, and \(gone) have, with \(before) before this one in line"
  }
}
