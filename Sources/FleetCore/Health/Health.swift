/// What the rules make of a node's readings.
package enum Health: String, Sendable, Codable, CaseIterable, Comparable {
  case healthy
  case degraded
  case faulty

  private var severity: Int {
    switch self {
    case .healthy: 0
    case .degraded: 1
    case .faulty: 2
    }
  }

  package static func < (left: Health, right: Health) -> Bool { left.severity < right.severity }
}
