import FleetCore

/// What inference costs. Figures that are not measured carry the label `estimate="true"`.
extension MetricsSource {
  func addEnergy(to page: inout MetricsPage) {
    func add(_ name: String, _ kind: MetricsPage.Kind, _ help: String, _ reading: (AcceleratorReadings) -> Reading) {
      if kind == .gauge, isStale { return }
      let samples = frame.accelerators.enumerated().flatMap { index, accelerator in
        self.samples(reading(accelerator), Self.labels(accelerator, index))
      }
      page.add(name, kind, help, samples)
    }
    add("fleet_power_watts", .gauge, "Power that the accelerator draws") { $0.watts }
    add("fleet_energy_joules", .counter, "Energy used since the agent started") { $0.joules }
    add("fleet_temperature_celsius", .gauge, "Temperature of the accelerator") { $0.celsius }
    add("fleet_accelerator_utilization_ratio", .gauge, "Part of the accelerator that the engine keeps busy") {
      $0.utilization
    }
    if !isStale {
      page.add(
        "fleet_joules_per_inference",
        .gauge,
        "Energy for each row computed, idle power included, over the last minute",
        samples(joulesPerInference)
      )
    }
  }

  static func labels(_ accelerator: AcceleratorReadings, _ index: Int) -> [(name: String, value: String)] {
    [("accelerator", "\(index)"), ("kind", accelerator.kind)]
  }
}
