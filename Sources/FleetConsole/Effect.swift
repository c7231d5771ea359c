package import FleetCore

/// What the console wants done in the world. `update` returns these; `Console` carries them out.
package enum Effect: Sendable, Equatable {
  case push(PushPlan)
  case drain(DrainPlan)
  case undrain([NodeName])
  case rollback(RollbackPlan)
  /// The user chose this theme; remember it.
  case setTheme(String)
  /// Ends the job under way at its next step.
  case cancelJob
  case quit
}
