/// How strict the health rules are, and which of them are silent. The defaults need no reading; p99, share of errors and temperature
/// have their limits in the service level.
package struct HealthLimits: Sendable, Equatable, Codable {
  /// Rules that say nothing.
  package var off: Set<HealthRule> = []
  /// How many times the p99 of its own last hour a node's p99 may be.
  package var timesBefore = 3.0
  /// How many times the p99 of its siblings.
  package var timesSiblings = 3.0
  /// How many times the energy that the same work took before.
  package var timesEnergy = 2.0
  /// A disk with less is almost full; with a tenth of it, it is full.
  package var diskFreeBytes = 1 << 30
  /// How far a clock may be off, in seconds.
  package var clockSeconds = 5.0
  /// A certificate that lasts no longer is about to expire, in seconds.
  package var certificateSeconds = 14 * 86_400.0
  /// Fewer requests in the window say nothing about latency or errors.
  package var minimumRequests = 20

  package init() {}

  package func isOn(_ rule: HealthRule) -> Bool { !off.contains(rule) }

  /// What may be set besides the rules' own names.
  package static let minimumRequestsKey = "minimum_requests"

  package static let keys = HealthRule.allCases.map(\.rawValue) + [minimumRequestsKey]

  /// Takes what stands after `key`, one of `keys`: a limit, `on` or `off`. Gives what it expected when it is something else.
  package mutating func take(_ key: String, _ value: String) -> String? {
    guard let rule = HealthRule(rawValue: key) else {
      guard let count = Int(value), (5...100_000).contains(count) else {
        return "a number of requests from 5 to 100000"
      }
      minimumRequests = count
      return nil
    }
    switch value {
    case "off": off.insert(rule)
    case "on": off.remove(rule)
    default:
      if let expected = take(rule, value) { return expected }
      off.remove(rule)
    }
    return nil
  }

  private mutating func take(_ rule: HealthRule, _ value: String) -> String? {
    switch rule {
    case .latencyOfBefore, .latencyOfSiblings, .energy:
      guard let times = Self.times(value) else { return "a multiple from '1.2x' to '100x', 'on' or 'off'" }
      switch rule {
      case .latencyOfBefore: timesBefore = times
      case .latencyOfSiblings: timesSiblings = times
      default: timesEnergy = times
      }
    case .disk:
      guard let bytes = Quantity.bytes(value), (1 << 20...1 << 45).contains(bytes) else {
        return "a size from '1MB', such as '1GB', 'on' or 'off'"
      }
      diskFreeBytes = bytes
    case .clock:
      guard let time = Quantity.duration(value), time >= .seconds(1) else {
        return "a duration from '1s', such as '5s', 'on' or 'off'"
      }
      clockSeconds = time.seconds
    case .certificate:
      guard let time = Quantity.duration(value), time >= .seconds(3600) else {
        return "a duration from '1h', such as '14d', 'on' or 'off'"
      }
      certificateSeconds = time.seconds
    case .latency, .errors, .temperature: return "'on' or 'off'; its limit is that of 'slo'"
    case .engine, .throttling, .probe, .reading: return "'on' or 'off'"
    }
    return nil
  }

  /// `3x`
  private static func times(_ text: String) -> Double? {
    guard text.hasSuffix("x"), let value = Double(text.dropLast()), (1.2...100).contains(value) else { return nil }
    return value
  }
}

extension HealthLimits {
  /// Reads `latency_of_siblings=4x energy=off`. Throws `.invalid` with every problem found.
  package init(parsing text: String) throws(CommandError) {
    var limits = HealthLimits()
    let problems = KeyedText.read(text, keys: Self.keys) { key, value in limits.take(key, value) }
    guard problems.isEmpty else {
      throw CommandError(.invalid, problems.map { "--health: \($0)" }.joined(separator: "\n"))
    }
    self = limits
  }

  /// What differs from the defaults, as keys and values that `take` reads.
  package var settings: [(key: String, value: String)] {
    let usual = HealthLimits()
    var settings: [(key: String, value: String)] = []
    for rule in HealthRule.allCases {
      if !isOn(rule) {
        settings.append((rule.rawValue, "off"))
      } else if let limit = limit(of: rule, unless: usual) {
        settings.append((rule.rawValue, limit))
      }
    }
    if minimumRequests != usual.minimumRequests { settings.append((Self.minimumRequestsKey, "\(minimumRequests)")) }
    return settings
  }

  /// What `init(parsing:)` reads back.
  package var text: String { settings.map { "\($0.key)=\($0.value)" }.joined(separator: " ") }

  private func limit(of rule: HealthRule, unless usual: HealthLimits) -> String? {
    switch rule {
    case .latencyOfBefore: timesBefore == usual.timesBefore ? nil : "\(timesBefore)x"
    case .latencyOfSiblings: timesSiblings == usual.timesSiblings ? nil : "\(timesSiblings)x"
    case .energy: timesEnergy == usual.timesEnergy ? nil : "\(timesEnergy)x"
    case .disk: diskFreeBytes == usual.diskFreeBytes ? nil : Quantity.text(bytes: diskFreeBytes)
    case .clock: clockSeconds == usual.clockSeconds ? nil : Quantity.text(.seconds(clockSeconds))
    case .certificate:
      certificateSeconds == usual.certificateSeconds ? nil : Quantity.text(.seconds(certificateSeconds))
    case .engine, .latency, .errors, .temperature, .throttling, .probe, .reading: nil
    }
  }
}
