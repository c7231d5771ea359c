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
}

/// The latest events, newest last.
package struct EventLog: Sendable, Equatable {
  static let capacity = 500
  package private(set) var events: [FleetEvent] = []
  /// How many there have been, those that were forgotten too.
  package private(set) var total = 0

  /// Those after the first `count`, as far as they are still here.
  package func events(after count: Int) -> ArraySlice<FleetEvent> { events.suffix(max(0, total - count)) }

  /// Where its time puts it: nodes also tell of what was before the console came.
  mutating func insert(_ event: FleetEvent) {
    let place = events.lastIndex { $0.date <= event.date }.map { $0 + 1 } ?? 0
    events.insert(event, at: place)
    total += 1
    if events.count > Self.capacity { events.removeFirst(events.count - Self.capacity) }
  }
}
