import FleetCore

/// Power and energy where nothing measures them: the declared idle watts, plus the part of what lies between idle and full load that the
/// engine keeps busy. Marked as estimates.
struct PowerEstimate: Sendable {
  private let declared: AgentConfiguration.DeclaredWatts?
  private var meter = EnergyMeter()

  init(declared: AgentConfiguration.DeclaredWatts?) {
    self.declared = declared
  }

  mutating func sample(utilization: Reading, at seconds: Double) -> (watts: Reading, joules: Reading) {
    guard let declared else {
      let absent = Reading.absent("no power sensor, and no --watts-idle/--watts-full declared")
      return (absent, absent)
    }
    guard let share = utilization.value else {
      meter.add(watts: nil, at: seconds)
      return (.absent("no estimate without the utilization: \(utilization.absence ?? "")"), .estimated(meter.joules))
    }
    let watts = declared.idle + (declared.full - declared.idle) * min(max(share, 0), 1)
    meter.add(watts: watts, at: seconds)
    return (.estimated(watts), .estimated(meter.joules))
  }
}
