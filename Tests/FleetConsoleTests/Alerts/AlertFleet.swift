import FleetCore
import FoundationEssentials

@testable import FleetConsole

/// A fleet as alerts see it, second by second, without frames: signals and book as a console would run them.
struct AlertFleet {
  var signals = AlertSignals()
  var book = AlertBook()
  var seconds = 0.0
  let nodes: [NodeName]
  /// What each of them shows.
  var symptoms: [NodeName: [AlertSymptom]] = [:]
  var unheard: Set<NodeName> = []
  /// Every event of every alert, in order.
  private(set) var told: [(id: Int, event: Alert.Event, seconds: Double)] = []

  var date: Date { Date(timeIntervalSince1970: 1_780_000_000 + seconds) }

  init(stores: Int = 3, nodes: Int = 2) {
    self.nodes = (1...stores).flatMap { store in
      (0..<nodes).map { NodeName(store: "store-\(store)", node: ["a", "b", "c", "d"][$0 % 4] + "\($0 / 4)") }
    }
  }

  func node(_ store: Int, _ index: Int = 0) -> NodeName { nodes.filter { $0.store == "store-\(store)" }[index] }

  mutating func run(_ count: Double, step: Double = 1, view: Set<NodeName>? = nil) {
    let end = seconds + count
    while seconds < end {
      seconds += step
      let inView = nodes.filter { view?.contains($0) ?? true }
      signals.update(
        AlertSurvey(
          nodes: inView.map {
            AlertSurvey.Node(name: $0, isHeard: !unheard.contains($0), symptoms: symptoms[$0] ?? [])
          }
        ),
        at: seconds
      )
      let before = Dictionary(uniqueKeysWithValues: book.alerts.map { ($0.id, $0.revision) })
      book.observe(AlertObservation(nodes: Set(inView), sightings: signals.sightings), at: date)
      for alert in book.alerts where before[alert.id] != alert.revision {
        told.append((alert.id, alert.event, seconds))
      }
    }
  }

  mutating func show(_ symptom: AlertSymptom, at nodes: NodeName...) {
    for node in nodes { symptoms[node, default: []].append(symptom) }
  }

  /// It cannot be reached from here on.
  mutating func lose(_ node: NodeName, isStoreGone: Bool = false) {
    unheard.insert(node)
    symptoms[node] = [AlertSymptom(.unreachable, isStoreGone ? .critical : .warning, "unreachable")]
  }

  mutating func mend(_ node: NodeName) {
    unheard.remove(node)
    symptoms[node] = nil
  }
}

extension AlertSymptom {
  static let slow = AlertSymptom(.latency, subject: "tag-reader@2", .critical, "p99 110 ms is over the SLO of 50 ms")
  static let slower = AlertSymptom(.latency, subject: "tag-reader@2", .warning, "p99 60 ms is over the SLO of 50 ms")
}
