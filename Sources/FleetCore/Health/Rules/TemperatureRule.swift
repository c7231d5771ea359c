/// The accelerator's temperature against the service level. Heat comes and goes slowly, and so does the verdict.
struct TemperatureRule: Rule {
  /// Degrees below the limit that count as cool again.
  private static let margin = 5.0

  private let limit: Double
  private var watch = LimitWatch(Hysteresis(degradedAfter: 10, faultyAfter: 120, clearAfter: 30))

  init(slo: ServiceLevel) {
    limit = slo.celsius
  }

  mutating func judge(_ sample: HealthSample) -> [Finding] {
    let measure = sample.celsius.value.map { celsius in
      LimitWatch.Measure(
        "temperature",
        celsius,
        over: limit,
        clearBelow: limit - Self.margin,
        unit: "°C",
        limitText: "the limit of \(HealthText.rounded(limit)) °C"
      )
    }
    watch.update(measure, at: sample)
    return [watch.finding(.temperature, doubt: "no reading since", at: sample)].compactMap(\.self)
  }
}
