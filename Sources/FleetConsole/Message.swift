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
  /// The console waits with dialling until others have been, and now it dials.
  case linkQueued(NodeName)
  case linkDialled(NodeName)
  /// There is no stream of frames any more, and why; whoever follows the node tries again.
  case linkLost(NodeName, String)
  case traffic(TrafficSummary)
  case job(JobReport)
  case jobs(JobReading)
  /// The jobs could not be read.
  case jobsUnread(CommandError)
  /// What came of something asked of a job.
  case jobAnswered(String, JobWish, Result<String, CommandError>)
  case jobOrdered(Result<OrderedJob, CommandError>)
  case alerts(AlertReading, recorded: AlertObservation?)
  /// The alerts could not be read or written.
  case alertsUnread(CommandError)
  case alertAcknowledged(Int, Result<AlertReading, CommandError>)
}
