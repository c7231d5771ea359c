/// How patient a rollout is with nodes. Tests are less so.
package struct RolloutTiming: Sendable {
  /// How long a node may take to describe itself.
  package var answer = Duration.seconds(5)
  /// How long a broken link is tried again before its node counts as unreachable.
  package var patience = Duration.seconds(30)
  /// How long a node that has not answered yet is asked again before it counts as unreachable: an agent that is started again is
  /// back within a moment, and of a node that was away less is known.
  package var firstAnswer = Duration.seconds(5)
  /// The longest pause between two attempts to reach a node, in seconds.
  package var longestPause = 15.0
  /// Time between the frames of a node that bakes.
  package var frames = Duration.seconds(1)
  /// A node that bakes and sends no frame for so long is unreachable.
  package var silence = Duration.seconds(15)
  /// How long an engine may be down on a node that bakes.
  package var engineDown = Duration.seconds(30)
  /// How long after an order to switch that brought no answer its node is looked at once more.
  package var settling = Duration.seconds(2)
  /// How long a golden set may take.
  package var evaluation = Duration.seconds(300)
  /// The longest sleep until something is due: clocks are set meanwhile.
  package var look = Duration.seconds(60)
  /// Time between two reports.
  package var report = Duration.milliseconds(200)

  package init() {}
}
