internal import FleetCore
internal import FoundationEssentials

/// What a finding was made of, in words.
enum EvidenceText {
  /// `123 ms, limit 50 ms, 4,300 samples, since 14:02:11`; nil when it has no evidence.
  static func words(_ finding: Finding, utcOffset: Int) -> String? {
    func number(_ value: Double) -> String { Format.number(value) + (finding.unit.isEmpty ? "" : " \(finding.unit)") }
    var parts: [String] = []
    if let value = finding.value { parts.append(number(value)) }
    if let limit = finding.limit { parts.append("limit \(number(limit))") }
    if let samples = finding.samples { parts.append("\(Format.count(samples)) samples") }
    if let since = finding.since { parts.append("since \(Format.clock(since, utcOffset: utcOffset))") }
    return parts.isEmpty ? nil : parts.joined(separator: ", ")
  }

  /// A word or two.
  static func name(_ rule: HealthRule) -> String {
    switch rule {
    case .latencyOfBefore: "vs. before"
    case .latencyOfSiblings: "vs. siblings"
    case .engine, .latency, .errors, .temperature, .throttling, .energy, .disk, .clock, .certificate, .probe, .reading:
      rule.rawValue
    }
  }
}
