package import FleetCore
package import FoundationEssentials

/// The alerts of a fleet, and all that may become of them. No I/O and no clock of its own: whoever keeps it on disk gives it the open
/// ones and those resolved lately.
///
///     ──raised──▶ open ──acknowledged──▶ open, acknowledged ──resolved──▶ resolved ──returned within 30 min──▶ open
package struct AlertBook: Sendable, Equatable {
  /// An alert that comes back within so many seconds is the same one.
  package static let returnSeconds = 1800.0
  /// Further causes are not raised while so many are open.
  package static let maximumOpen = 256
  /// An alert that is younger is not resolved, in seconds: whoever does not see it has not looked for long enough.
  static let leastSeconds = 30.0
  /// The same trouble at so many stores is taken for one cause.
  static let foldedStores = 3

  /// By number.
  package private(set) var alerts: [Alert]
  /// The number that the next one gets.
  package private(set) var next: Int

  package init(alerts: [Alert] = [], next: Int = 1) {
    self.alerts = alerts.sorted { $0.id < $1.id }
    self.next = max(next, (self.alerts.last?.id ?? 0) + 1)
  }

  package var open: [Alert] { alerts.filter(\.isOpen) }

  /// Raises, changes and resolves what one console's view of its nodes asks for. Nodes out of its view stay as they are.
  package mutating func observe(_ observation: AlertObservation, at time: Date) {
    let wanted = causes(of: observation)
    for index in alerts.indices where alerts[index].isOpen {
      let sightings = wanted[alerts[index].cause] ?? []
      let unseen = alerts[index].nodes.filter { !observation.nodes.contains($0) }
      let nodes = Array(Set(sightings.map(\.node)).union(unseen)).sorted()
      guard !nodes.isEmpty else { continue }
      change(index, nodes, sightings, at: time)
    }
    let known = Set(open.map(\.cause))
    for (cause, sightings) in wanted.sorted(by: { Self.key($0.key) < Self.key($1.key) }) where !known.contains(cause) {
      raise(cause, sightings, at: time)
    }
    for index in alerts.indices where alerts[index].isOpen {
      let cause = alerts[index].cause
      guard wanted[cause] == nil, alerts[index].nodes.allSatisfy(observation.nodes.contains) else { continue }
      let wider = open.first { $0.cause == AlertCause(cause.kind, subject: cause.subject, store: nil) }
      guard wider != nil || abs(time.timeIntervalSince(alerts[index].since)) >= Self.leastSeconds else { continue }
      resolve(index, wider.map { "part of alert \($0.id)" } ?? "over", at: time)
    }
  }

  /// Ends what concerns only nodes that the fleet does not have any more, and takes such nodes out of the others.
  package mutating func forget(nodesOutside nodes: Set<NodeName>, at time: Date) {
    for index in alerts.indices where alerts[index].isOpen {
      let left = alerts[index].nodes.filter(nodes.contains)
      guard left.count < alerts[index].nodes.count else { continue }
      if left.isEmpty {
        resolve(index, "fleet.yaml names no such node any more", at: time)
      } else {
        alerts[index].nodes = left
        alerts[index].changed = time
      }
    }
  }

  /// Throws `.notFound` and, for one that is over, `.conflict`. Who acknowledges first, has it.
  package mutating func acknowledge(_ id: Int, by person: String, at time: Date) throws(CommandError) {
    guard let index = alerts.firstIndex(where: { $0.id == id }) else { throw CommandError(.notFound, "no alert \(id)") }
    guard alerts[index].isOpen else {
      throw CommandError(.conflict, "alert \(id) is resolved: \(alerts[index].resolution)")
    }
    guard alerts[index].acknowledgement == nil else { return }
    alerts[index].acknowledgement = Alert.Acknowledgement(by: person, time: time)
    alerts[index].tell(.acknowledged, at: time)
  }

  private mutating func change(_ index: Int, _ nodes: [NodeName], _ sightings: [AlertSighting], at time: Date) {
    if alerts[index].nodes != nodes {
      alerts[index].nodes = nodes
      alerts[index].changed = time
    }
    alerts[index].count = max(alerts[index].count, Self.count(sightings))
    guard let worst = Self.worst(sightings), alerts[index].severity < worst.severity else { return }
    alerts[index].severity = worst.severity
    alerts[index].text = worst.text
    alerts[index].acknowledgement = nil
    alerts[index].tell(.worsened, at: time)
  }

  private mutating func raise(_ cause: AlertCause, _ sightings: [AlertSighting], at time: Date) {
    guard let worst = Self.worst(sightings), open.count < Self.maximumOpen else { return }
    let nodes = Set(sightings.map(\.node)).sorted()
    if let index = alerts.lastIndex(where: { $0.cause == cause && isRecent($0, at: time) }) {
      alerts[index].count = max(alerts[index].count + 1, Self.count(sightings))
      alerts[index].resolved = nil
      alerts[index].resolution = ""
      alerts[index].nodes = nodes
      alerts[index].since = time
      if alerts[index].severity < worst.severity { alerts[index].acknowledgement = nil }
      alerts[index].severity = worst.severity
      alerts[index].text = worst.text
      alerts[index].tell(.returned, at: time)
      return
    }
    alerts.append(
      Alert(id: next, cause: cause, severity: worst.severity, text: worst.text, nodes: nodes, raised: time)
    )
    next += 1
  }

  private mutating func resolve(_ index: Int, _ resolution: String, at time: Date) {
    alerts[index].resolved = time
    alerts[index].resolution = resolution
    alerts[index].tell(.resolved, at: time)
  }

  private func isRecent(_ alert: Alert, at time: Date) -> Bool {
    alert.resolved.map { abs(time.timeIntervalSince($0)) < Self.returnSeconds } ?? false
  }

  private static func worst(_ sightings: [AlertSighting]) -> AlertSymptom? {
    sightings.map(\.symptom).reduce(nil) { worst, symptom in
      worst.map { symptom.isWorse(than: $0) ? symptom : $0 } ?? symptom
    }
  }

  private static func count(_ sightings: [AlertSighting]) -> Int { 1 + (sightings.map(\.returns).max() ?? 0) }

  private static func key(_ cause: AlertCause) -> (String, String, String) {
    (cause.kind.rawValue, cause.subject, cause.store ?? "")
  }
}

extension AlertBook {
  /// One cause for a store, and one for all stores where the same is seen at several, or was when it was raised.
  private func causes(of observation: AlertObservation) -> [AlertCause: [AlertSighting]] {
    let everywhere = Dictionary(grouping: observation.sightings) {
      AlertCause($0.symptom.kind, subject: $0.symptom.subject, store: nil)
    }
    var causes: [AlertCause: [AlertSighting]] = [:]
    for (cause, sightings) in everywhere {
      if isFolded(cause, sightings, of: observation.nodes.count) {
        causes[cause] = sightings
      } else {
        for sighting in sightings {
          causes[AlertCause(cause.kind, subject: cause.subject, store: sighting.node.store), default: []].append(
            sighting
          )
        }
      }
    }
    return causes
  }

  private func isFolded(_ cause: AlertCause, _ sightings: [AlertSighting], of nodes: Int) -> Bool {
    if alerts.contains(where: { $0.isOpen && $0.cause == cause }) { return true }
    guard Set(sightings.map(\.node.store)).count >= Self.foldedStores else { return false }
    // Lines of stores break one by one; when most are gone at once, it is something between them and us.
    return cause.kind != .unreachable || sightings.count * 2 >= nodes
  }
}
