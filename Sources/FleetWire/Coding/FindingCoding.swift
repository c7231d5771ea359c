import FleetCore
import FoundationEssentials

extension Fleet_V1_Finding {
  init(_ finding: Finding) {
    self.init()
    rule = finding.rule.rawValue
    subject = WireValue.shortened(finding.subject)
    health = Fleet_V1_Health(finding.health)
    text = WireValue.shortened(finding.text)
    if let date = finding.since { since = date.wireNanoseconds }
    if let number = finding.value, number.magnitude <= WireValue.maximumMagnitude { value = number }
    if let number = finding.limit, number.magnitude <= WireValue.maximumMagnitude { limit = number }
    unit = WireValue.shortened(finding.unit)
    if let count = finding.samples { samples = count }
  }
}

extension Finding {
  /// Nil for a rule that a newer agent has.
  init?(wire: Fleet_V1_Finding, _ field: String) throws(CommandError) {
    guard let rule = HealthRule(rawValue: wire.rule) else { return nil }
    self.init(
      rule,
      subject: try WireValue.text(wire.subject, "\(field).subject"),
      health: try Health(wire: wire.health),
      text: try WireValue.text(wire.text, "\(field).text"),
      since: wire.hasSince ? Date(wireNanoseconds: wire.since) : nil,
      value: wire.hasValue ? try WireValue.number(wire.value, "\(field).value") : nil,
      limit: wire.hasLimit ? try WireValue.number(wire.limit, "\(field).limit") : nil,
      unit: try WireValue.text(wire.unit, "\(field).unit"),
      samples: wire.hasSamples ? try WireValue.count(wire.samples, "\(field).samples") : nil
    )
  }
}
