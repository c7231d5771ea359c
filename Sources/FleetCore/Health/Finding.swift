package import FoundationEssentials

/// What health is judged by. The names are those of `health:` in fleet.yaml and of JSON.
package enum HealthRule: String, Sendable, Codable, CaseIterable {
  /// The engine is away, hung, ends again and again, or has nothing to serve.
  case engine
  case latency
  case errors
  /// Slower than the node itself was in its last hour.
  case latencyOfBefore = "latency_of_before"
  /// Much slower than its siblings.
  case latencyOfSiblings = "latency_of_siblings"
  case temperature
  case throttling
  /// More watts than the work explains.
  case energy
  case disk
  case clock
  case certificate
  /// A probe gives nothing although it should.
  case probe
  /// A sensor says what cannot be.
  case reading
}

/// What one rule says against a node, and what it was told from.
package struct Finding: Sendable, Equatable {
  package var rule: HealthRule
  /// The model, device or probe it is about; empty when it is the node.
  package var subject: String
  package var health: Health
  /// For a person.
  package var text: String
  /// On the node's clock; nil when that is not known.
  package var since: Date?
  /// What was measured last, and the limit, in `unit`; nil when the rule has no number.
  package var value: Double?
  package var limit: Double?
  /// Such as `ms`, `%` or `°C`; empty without a number.
  package var unit: String
  /// Requests or readings that `value` was made of; nil when that is not counted.
  package var samples: UInt64?

  package init(
    _ rule: HealthRule,
    subject: String = "",
    health: Health,
    text: String,
    since: Date? = nil,
    value: Double? = nil,
    limit: Double? = nil,
    unit: String = "",
    samples: UInt64? = nil
  ) {
    self.rule = rule
    self.subject = subject
    self.health = health
    self.text = text
    self.since = since
    self.value = value
    self.limit = limit
    self.unit = unit
    self.samples = samples
  }
}
