import FleetCore

/// Makes values of the `health` of `fleet.yaml`: a key for each rule, with its limit, `on` or `off`.
enum HealthParser {
  static func limits(_ value: YAMLValue) -> HealthLimits {
    var limits = HealthLimits()
    guard let table = value.table(required: [], optional: HealthLimits.keys) else { return limits }
    for key in HealthLimits.keys {
      guard let value = table[key], let text = value.text() else { continue }
      if let expected = limits.take(key, text) { value.report("expected \(expected), found '\(text)'") }
    }
    return limits
  }
}
