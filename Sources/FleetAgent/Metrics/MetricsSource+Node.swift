import FleetCore
import FoundationEssentials

/// How the node is.
extension MetricsSource {
  func addNode(to page: inout MetricsPage) {
    if !isStale {
      let health = Health.allCases.map {
        MetricsPage.Sample($0 == frame.health ? 1 : 0, [("fleet_health", $0.rawValue)])
      }
      page.add("fleet_health", .states, "What the rules make of the readings", health)
      let availability = Availability.allCases.map {
        MetricsPage.Sample($0 == frame.availability ? 1 : 0, [("fleet_availability", $0.rawValue)])
      }
      page.add("fleet_availability", .states, "What the node does for its clients", availability)
      let isServing = frame.engine.state == .serving
      page.add("fleet_engine_serving", .gauge, "1 when the engine answers for a model", [.init(isServing ? 1 : 0)])
    }
    page.add(
      "fleet_engine_restarts",
      .counter,
      "Ends of the engine that nobody asked for, since the agent started",
      [.init(Double(frame.engine.restarts))]
    )
    page.add("fleet_reading_age_seconds", .gauge, "How old the readings on this page are", [.init(age)])
    page.add(
      "fleet_agent_start_time_seconds",
      .gauge,
      "When the agent started, as Unix time",
      [.init(frame.agentStarted.timeIntervalSince1970)]
    )
    let build = [("version", version), ("node", frame.node.description), ("runtime", frame.engine.runtime ?? "")]
    let labels = build.filter { !$0.1.isEmpty }.map { (name: $0.0, value: $0.1) }
    page.add("fleet_build", .info, "The agent and its inference runtime", [.init(1, labels)])
  }
}
