/// What a gate said of one node, with the values that made it say so.
package struct GateVerdict: Sendable, Equatable, Codable {
  package enum Outcome: String, Sendable, Codable {
    case passed
    case failed
    /// Something could not be measured: a pause, never a pass.
    case undecided
  }

  /// One condition and what it found.
  package struct Finding: Sendable, Equatable, Codable {
    /// As it was written: `p99 < 50ms`.
    package var condition: String
    /// In the measure's unit; nil when it could not be measured.
    package var value: Double?
    package var limit: Double?
    package var isEstimate: Bool
    package var outcome: Outcome
    /// Value and limit in words, or what is missing.
    package var why: String

    package init(
      condition: String,
      value: Double?,
      limit: Double?,
      isEstimate: Bool = false,
      outcome: Outcome,
      why: String
    ) {
      self.condition = condition
      self.value = value
      self.limit = limit
      self.isEstimate = isEstimate
      self.outcome = outcome
      self.why = why
    }
  }

  package var outcome: Outcome
  package var findings: [Finding]

  /// One condition that fails is enough to fail; else one that is undecided leaves all undecided.
  package init(findings: [Finding]) {
    self.findings = findings
    let outcomes = findings.map(\.outcome)
    outcome = outcomes.contains(.failed) ? .failed : outcomes.contains(.undecided) ? .undecided : .passed
  }

  /// The findings that decided: those that failed, else those that are undecided, else all.
  package var reason: String {
    let telling = findings.filter { $0.outcome == outcome }
    return telling.map { "\($0.condition): \($0.why)" }.joined(separator: "; ")
  }
}

extension Gate {
  /// Holds what was measured against every condition. Nothing that is missing ever passes.
  package func evaluate(_ evidence: GateEvidence, minimumSamples: Int) -> GateVerdict {
    GateVerdict(findings: conditions.map { Self.finding($0, evidence, minimumSamples) })
  }

  private static func finding(
    _ condition: Condition,
    _ evidence: GateEvidence,
    _ minimumSamples: Int
  ) -> GateVerdict.Finding {
    let measure = condition.measure
    let now = evidence.now.value(of: measure, minimumSamples: minimumSamples)
    var limit: Evidence<Double>
    switch condition.limit {
    case .value(let value): limit = .known(value)
    case .before(let factor):
      limit = evidence.before.value(of: measure, minimumSamples: minimumSamples).map { $0 * factor }
    }
    let missing = [now.absence.map { "not known: \($0)" }, limit.absence.map { "not known of before: \($0)" }]
      .compactMap { $0 }
    guard missing.isEmpty, case .known(let value, let isEstimate) = now, case .known(let bound, let isRough) = limit
    else {
      return GateVerdict.Finding(
        condition: condition.text,
        value: now.value,
        limit: limit.value,
        outcome: .undecided,
        why: missing.joined(separator: "; ")
      )
    }
    let holds = condition.comparison.holds(value, bound)
    let limitText = condition.comparesWithBefore ? ", limit \(isRough ? "~" : "")\(measure.text(bound))" : ""
    return GateVerdict.Finding(
      condition: condition.text,
      value: value,
      limit: bound,
      isEstimate: isEstimate || isRough,
      outcome: holds ? .passed : .failed,
      why: "\(isEstimate ? "~" : "")\(measure.text(value))\(limitText)"
    )
  }
}
