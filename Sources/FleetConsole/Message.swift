package import FleetCore
package import Terminal

/// Everything that can happen to the console.
package enum Message: Sendable {
  /// A second went by.
  case tick
  case key(Key)
  /// The terminal has this size now.
  case resized(Size)
  case described(NodeName, NodeDescription)
  case frame(NodeName, Frame)
  /// There is no stream of frames any more, and why; whoever follows the node tries again.
  case linkLost(NodeName, String)
  case traffic(TrafficSummary)
  case job(JobReport)
}
