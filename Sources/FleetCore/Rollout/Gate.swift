/// The measured condition for going on: `p99 < 50ms and errors < 0.5% and j_per_inf < 1.15 * before and accuracy >= 97%`.
///
/// `before` is the same node's own value with the version it served before. Compared exactly: with none wrong before,
/// `errors < 2 * before` cannot hold and `errors <= 2 * before` can.
package struct Gate: WrittenRule {
  package enum Comparison: String, Sendable, CaseIterable {
    case less = "<"
    case lessOrEqual = "<="
    case greater = ">"
    case greaterOrEqual = ">="

    package func holds(_ left: Double, _ right: Double) -> Bool {
      switch self {
      case .less: left < right
      case .lessOrEqual: left <= right
      case .greater: left > right
      case .greaterOrEqual: left >= right
      }
    }
  }

  package enum Limit: Sendable, Equatable {
    /// In the measure's unit.
    case value(Double)
    /// That many times what was measured before.
    case before(factor: Double)
  }

  package struct Condition: Sendable, Equatable {
    package var measure: GateMeasure
    package var comparison: Comparison
    package var limit: Limit
    /// As it was written, with one space between words.
    package var text: String

    package var comparesWithBefore: Bool {
      if case .before = limit { true } else { false }
    }
  }

  /// No condition: nothing is measured, and serving is enough. Written `none`.
  package static let none = Gate(conditions: [])
  package static let maximumConditions = 32

  /// All must hold.
  package let conditions: [Condition]

  init(conditions: [Condition]) {
    self.conditions = conditions
  }

  /// Whether nodes must be measured before they are switched.
  package var comparesWithBefore: Bool { conditions.contains(where: \.comparesWithBefore) }

  /// Whether nodes must answer their golden set.
  package var measuresAccuracy: Bool { conditions.contains { $0.measure == .accuracy } }

  /// Whether they must do so with the version before, too.
  package var comparesAccuracyWithBefore: Bool {
    conditions.contains { $0.measure == .accuracy && $0.comparesWithBefore }
  }

  package var description: String {
    conditions.isEmpty ? "none" : conditions.map(\.text).joined(separator: " and ")
  }
}
