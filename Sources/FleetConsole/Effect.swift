package import FleetCore

/// What the console wants done in the world. `update` returns these; `Console` carries them out.
package enum Effect: Sendable, Equatable {
  case push(PushPlan)
  case drain(DrainPlan)
  case undrain([NodeName])
  case rollback(RollbackPlan)
  /// The user chose this theme; remember it.
  case setTheme(String)
  /// Stops the job under way at once; what a node was ordered to do goes on there.
  case cancelJob
  case quit
}
