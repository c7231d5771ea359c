package import FleetCore
package import FoundationEssentials

/// Something worth telling that happened in the fleet.
package struct FleetEvent: Sendable, Equatable {
  package enum Weight: Sendable { case good, neutral, warning, critical }

  package var date: Date
  /// Nil when it concerns more than one.
  package var node: NodeName?
  package var weight: Weight
  package var text: String
  /// Counts up from 1 in the order in which the log heard of things; 0 before it did.
  package internal(set) var number = 0
}

/// The latest events by the time they happened, newest last.
package struct EventLog: Sendable, Equatable {
  static let capacity = 500
  package private(set) var events: [FleetEvent] = []
  /// How many there have been, those that were forgotten too.
  package private(set) var total = 0

  /// Those that came after the first `count`, in the order in which they came, as far as they are still here.
  package func events(after count: Int) -> [FleetEvent] {
    guard total > count else { return [] }
    return events.filter { $0.number > count }.sorted { $0.number < $1.number }
  }

  /// Where its time puts it: nodes also tell of what was before the console came.
  mutating func insert(_ event: FleetEvent) {
    total += 1
    var event = event
    event.number = total
    let place = events.lastIndex { $0.date <= event.date }.map { $0 + 1 } ?? 0
    events.insert(event, at: place)
    if events.count > Self.capacity { events.removeFirst(events.count - Self.capacity) }
  }
}
