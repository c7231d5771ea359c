package import FleetCore

/// What kind of trouble an alert is about. The names are those of JSON.
package enum AlertKind: String, Sendable, Codable, CaseIterable {
  case unreachable
  case engine
  /// Too hot, or slowed down because of it.
  case heat
  case errors
  /// Over the service level, or slower than before or than its siblings.
  case latency
  /// More watts than the work explains.
  case energy
  /// Not well, says an agent that does not say by which rule.
  case health
  case disk
  case clock
  case certificate
  case probe
  case reading
  /// A drain that has passed its deadline.
  case drain
  /// A node that drained itself and stays so, or may not although it wants to.
  case autoDrain = "auto_drain"

  package init(_ rule: HealthRule) {
    self =
      switch rule {
      case .engine: .engine
      case .latency, .latencyOfBefore, .latencyOfSiblings: .latency
      case .errors: .errors
      case .temperature, .throttling: .heat
      case .energy: .energy
      case .disk: .disk
      case .clock: .clock
      case .certificate: .certificate
      case .probe: .probe
      case .reading: .reading
      }
  }

  /// Kinds of which one brings another along: an engine that is away makes latency and errors, heat makes latency. A node has at
  /// most one alert of each family.
  package enum Family: String, Sendable, CaseIterable {
    case reachability, service, disk, clock, certificate, probe, reading, drain
  }

  package var family: Family {
    switch self {
    case .unreachable: .reachability
    case .engine, .heat, .errors, .latency, .energy, .health, .autoDrain: .service
    case .disk: .disk
    case .clock: .clock
    case .certificate: .certificate
    case .probe: .probe
    case .reading: .reading
    case .drain: .drain
    }
  }

  /// Of several of a family that are equally bad, the lowest is taken for the cause.
  var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}

package enum AlertSeverity: String, Sendable, Codable, CaseIterable, Comparable {
  case warning
  case critical

  package static func < (left: AlertSeverity, right: AlertSeverity) -> Bool { left == .warning && right == .critical }

  init(_ health: Health) { self = health == .faulty ? .critical : .warning }
}
