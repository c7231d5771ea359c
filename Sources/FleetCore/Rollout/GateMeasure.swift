/// What a gate can look at.
package enum GateMeasure: String, Sendable, Codable, CaseIterable {
  /// Of the latencies within the window.
  case p50
  case p99
  /// Part of the requests answered with an error.
  case errors
  /// Energy per request.
  case joulesPerInference = "j_per_inf"
  /// Mean over the window, all accelerators together.
  case watts
  /// The highest of any accelerator within the window.
  case celsius
  /// Mean over the window and the accelerators.
  case utilization
  case requestsPerSecond = "requests_per_s"
  /// Part of the golden set answered right.
  case accuracy

  /// Whether it says little of few requests, so that a gate wants a minimum of them.
  package var needsSamples: Bool {
    switch self {
    case .p50, .p99, .errors, .joulesPerInference: true
    case .watts, .celsius, .utilization, .requestsPerSecond, .accuracy: false
    }
  }

  /// How a limit is written, for messages.
  var example: String {
    switch self {
    case .p50, .p99: "a duration such as '50ms'"
    case .errors: "a percentage such as '0.5%'"
    case .joulesPerInference: "an energy such as '20mJ'"
    case .watts: "a power such as '15W'"
    case .celsius: "a temperature such as '85C'"
    case .utilization, .accuracy: "a percentage such as '97%'"
    case .requestsPerSecond: "a rate such as '20/s'"
    }
  }

  /// Reads a limit with its unit: seconds, parts of 1, joules, watts, degrees or requests a second.
  func value(_ text: String) -> Double? {
    switch self {
    case .p50, .p99: Quantity.duration(text)?.seconds
    case .errors, .utilization, .accuracy: Quantity.fraction(text)
    case .watts: Quantity.watts(text)
    case .celsius: Quantity.celsius(text)
    case .joulesPerInference: Self.scaled(text, [("mJ", 0.001), ("kJ", 1000), ("J", 1)])
    case .requestsPerSecond: Self.scaled(text, [("/s", 1)])
    }
  }

  /// A value for a person: `48.2ms`, `0.31%`, `12.4mJ`.
  package func text(_ value: Double) -> String {
    switch self {
    case .p50, .p99:
      value < 0.001
        ? "\(Self.significant(value * 1e6))us"
        : value < 1 ? "\(Self.significant(value * 1000))ms" : "\(Self.significant(value))s"
    case .errors, .utilization, .accuracy: "\(Self.significant(value * 100))%"
    case .watts: "\(Self.significant(value))W"
    case .celsius: "\(Self.significant(value))C"
    case .joulesPerInference:
      value < 1 ? "\(Self.significant(value * 1000))mJ" : "\(Self.significant(value))J"
    case .requestsPerSecond: "\(Self.significant(value))/s"
    }
  }

  private static func scaled(_ text: String, _ units: [(suffix: String, factor: Double)]) -> Double? {
    for unit in units where text.hasSuffix(unit.suffix) {
      return RuleToken.number(String(text.dropLast(unit.suffix.count))).map { $0 * unit.factor }
    }
    return nil
  }

  /// Three digits or so that say something, without zeros at the end.
  private static func significant(_ value: Double) -> String {
    guard value.isFinite, value.magnitude < 1e15 else { return "\(value)" }
    let decimals = value.magnitude >= 99.95 ? 0 : value.magnitude >= 9.995 ? 1 : 3
    let scale = [1, 10, 100, 1000][decimals]
    let scaled = Int((value.magnitude * Double(scale)).rounded())
    let whole = "\(value < 0 && scaled > 0 ? "-" : "")\(scaled / scale)"
    var digits = String(scaled % scale)
    digits = String(repeating: "0", count: max(0, decimals - digits.count)) + digits
    while digits.last == "0" { digits.removeLast() }
    return digits.isEmpty ? whole : "\(whole).\(digits)"
  }
}
