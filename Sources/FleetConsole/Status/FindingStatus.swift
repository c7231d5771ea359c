internal import FleetCore

extension StatusDocument {
  /// A `Finding` in JSON. A number that JSON cannot say is null.
  package struct FindingStatus: Encodable, Sendable {
    var rule: String
    var subject: String
    var health: String
    var text: String
    @ExplicitNull var since: String?
    @ExplicitNull var value: Double?
    @ExplicitNull var limit: Double?
    var unit: String
    @ExplicitNull var samples: UInt64?

    init(_ finding: Finding) {
      rule = finding.rule.rawValue
      subject = finding.subject
      health = finding.health.rawValue
      text = finding.text
      since = finding.since.map(StatusDocument.text)
      value = finding.value.flatMap { $0.isFinite ? $0 : nil }
      limit = finding.limit.flatMap { $0.isFinite ? $0 : nil }
      unit = finding.unit
      samples = finding.samples
    }
  }
}
