import FleetCore
import FleetTestSupport
import FoundationEssentials
import Testing

@testable import FleetConsole

/// Whatever happens to a fleet: what holds of its alerts. FLEET_SEED repeats a run.
@Suite struct AlertPropertyTests {
  @Test func alertsKeepTheirPromises() async throws {
    var random = SeededRandom()
    for _ in 0..<15 { try await live(&random) }
  }

  private func live(_ random: inout SeededRandom) async throws {
    var fleet = AlertFleet(stores: .random(in: 1...8, using: &random), nodes: .random(in: 1...4, using: &random))
    for _ in 0..<Int.random(in: 5...60, using: &random) {
      // Tests beside this one watch clocks.
      await Task.yield()
      happen(to: &fleet, &random)
      fleet.run(Double(Int.random(in: 1...90, using: &random)), step: 3)
      check(fleet, random)
      if random.chance(0.2), let alert = fleet.book.open.randomElement(using: &random) {
        try fleet.book.acknowledge(alert.id, by: "kim", at: fleet.date)
      }
      // The console is closed and opened again.
      if random.chance(0.1) {
        fleet.signals = AlertSignals()
        fleet.signals.adopt(fleet.book.open, at: fleet.seconds)
      }
    }
    for node in fleet.nodes { fleet.mend(node) }
    fleet.run(2 * 3600, step: 15)
    #expect(fleet.book.open.isEmpty, "all is well for two hours, so none is stuck: \(random)")
  }

  private func happen(to fleet: inout AlertFleet, _ random: inout SeededRandom) {
    let node = fleet.nodes.randomElement(using: &random) ?? fleet.nodes[0]
    switch Int.random(in: 0..<10, using: &random) {
    case 0...2: fleet.mend(node)
    case 3: fleet.lose(node, isStoreGone: random.chance(0.3))
    case 4: for node in fleet.nodes { fleet.mend(node) }
    default:
      guard !fleet.unheard.contains(node) else { return }
      let kinds = AlertKind.allCases.filter { $0 != .unreachable }
      let kind = kinds.randomElement(using: &random) ?? .latency
      let subject = random.chance(0.5) ? "" : "tag-reader@\(Int.random(in: 1...2, using: &random))"
      fleet.show(AlertSymptom(kind, subject: subject, random.chance(0.5) ? .critical : .warning, "text"), at: node)
    }
  }

  private func check(_ fleet: AlertFleet, _ random: SeededRandom) {
    let open = fleet.book.open
    #expect(Set(open.map(\.cause)).count == open.count, "two open alerts for one cause: \(random)")
    #expect(fleet.book.alerts.map(\.id) == Array(1..<fleet.book.next), "every number once: \(random)")
    for sighting in fleet.signals.sightings {
      let holding = open.filter { alert in
        alert.cause.kind == sighting.symptom.kind && alert.cause.subject == sighting.symptom.subject
          && alert.nodes.contains(sighting.node)
      }
      #expect(holding.count == 1, "\(sighting) is in \(holding.count) open alerts: \(random)")
    }
    for alert in open {
      #expect(!alert.nodes.isEmpty && alert.resolution.isEmpty, "\(alert): \(random)")
    }
    for alert in fleet.book.alerts where !alert.isOpen {
      #expect(!alert.resolution.isEmpty && alert.event == .resolved, "\(alert): \(random)")
    }
    // Raised or come back, and resolved, by turns.
    for (id, told) in Dictionary(grouping: fleet.told, by: \.id) {
      var isOpen = false
      for event in told.map(\.event) {
        switch event {
        case .raised, .returned:
          #expect(!isOpen, "alert \(id) came twice: \(random)")
          isOpen = true
        case .resolved:
          #expect(isOpen, "alert \(id) ended twice: \(random)")
          isOpen = false
        case .worsened, .acknowledged: #expect(isOpen, "alert \(id): \(random)")
        }
      }
    }
  }
}
