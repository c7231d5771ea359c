import FleetConsole
import FleetCore

/// One look at a fleet.
extension FleetListener {
  /// How long a node may take to answer before it counts as unreachable.
  private static let patience = 5.3
  /// A larger fleet is looked at a few times a second instead of after each message.
  private static let smallFleet = 64

  /// The fleet when every node has told all of itself, or has had its time to.
  func settled() async throws -> FleetState {
    var start: Double?
    return try await run(tick: .milliseconds(100)) { state, isTick in
      let begun = start ?? state.now.uptime
      start = begun
      guard isTick || state.nodes.count <= Self.smallFleet else { return true }
      // Counted from when the last of them was dialled.
      let dialled = state.nodes.reduce(begun) { max($0, $1.since) }
      let waited = state.now.uptime - dialled
      let isSettled = state.nodes.allSatisfy { node in
        // The first frames come from the node's history, so a rate is there as soon as two are.
        let hasRate = node.metrics.requestsPerSecond != nil || node.last?.models.isEmpty == true
        return (node.last != nil && node.description != nil && hasRate) || node.linkError?.isEmpty == false
      }
      return waited < Self.patience && !(isSettled && waited > 0.3)
    }
  }
}
