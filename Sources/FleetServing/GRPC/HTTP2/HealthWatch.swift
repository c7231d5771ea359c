/// One who wants to know of every change of a service's health.
struct HealthWatch {
  let service: String
  private var told: GRPCHealth?

  init(service: String) {
    self.service = service
  }

  /// What to tell; nil when that was told already.
  mutating func changed(to health: GRPCHealth) -> GRPCHealth? {
    guard health != told else { return nil }
    told = health
    return health
  }
}
