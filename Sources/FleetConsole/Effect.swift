package import FleetCore

/// What the console wants done in the world. `update` returns these; `Console` carries them out.
package enum Effect: Sendable, Equatable {
  /// Read the jobs, and the page of one.
  case readJobs(page: String?)
  case askJob(JobWish, of: String)
  case orderPush(PushOrder)
  /// Read the alerts, after writing down what was seen.
  case readAlerts(recording: AlertObservation?)
  case acknowledgeAlert(Int)
  /// Have a node stay that is about to drain itself.
  case holdAutoDrain(NodeName, reason: String)
  case drain(DrainPlan)
  case undrain([NodeName])
  case rollback(RollbackPlan)
  /// The user chose this theme; remember it.
  case setTheme(String)
  /// Stops the job under way at once; what a node was ordered to do goes on there.
  case cancelJob
  case quit
}
