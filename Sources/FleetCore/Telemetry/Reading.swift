/// One value of a node at one moment, or why there is none. Unknown is not zero.
package enum Reading: Hashable, Sendable {
  case measured(Double)
  /// Computed from declared facts rather than measured; shown as `~6.1`.
  case estimated(Double)
  /// Not to be had, and why, in words for an operator.
  case absent(String)

  package var value: Double? {
    switch self {
    case .measured(let value), .estimated(let value): value
    case .absent: nil
    }
  }

  package var isEstimate: Bool {
    if case .estimated = self { true } else { false }
  }

  package var absence: String? {
    if case .absent(let reason) = self { reason } else { nil }
  }

  /// The same reading with its value transformed; an estimate stays one.
  package func map(_ transform: (Double) -> Double) -> Reading {
    switch self {
    case .measured(let value): .measured(transform(value))
    case .estimated(let value): .estimated(transform(value))
    case .absent: self
    }
  }

  /// Combines two readings: absent when either is, an estimate when either is.
  package func combined(with other: Reading, _ combine: (Double, Double) -> Double) -> Reading {
    guard let left = value else { return self }
    guard let right = other.value else { return other }
    let value = combine(left, right)
    return isEstimate || other.isEstimate ? .estimated(value) : .measured(value)
  }
}
