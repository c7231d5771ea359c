internal import FleetCore
internal import FoundationEssentials

/// The JSON of `fleet status --json` and of each line of `fleet watch --json`, schema 1. Every number on screen is in it.
///
/// A reading is `{"value": 6.1, "source": "measured" | "estimate"}` or `{"absent": "why"}`; what is unknown is null or absent,
/// never zero. Rates and percentiles are of the last 10 s.
package struct StatusDocument: Encodable, Sendable {
  package let schema = 1
  package var time: String
  package var fleet: String
  package var nodes: [NodeStatus]
  package var stores: [SumStatus]
  package var totals: SumStatus
  @ExplicitNull package var traffic: TrafficSummary?

  package init(_ state: FleetState) {
    time = Self.text(state.now.date)
    fleet = state.definition.name
    nodes = state.nodes.map { NodeStatus($0, at: state.now) }
    let nodes = Dictionary(grouping: state.nodes, by: \.name.store)
    var told: Set<String> = []
    stores = state.nodes.map(\.name.store).filter { told.insert($0).inserted }.map { name in
      SumStatus(
        Aggregate(nodes[name] ?? [], at: state.now),
        name: name,
        energy: state.definition.energy
      )
    }
    totals = SumStatus(Aggregate(state.nodes, at: state.now), name: nil, energy: state.definition.energy)
    traffic = state.traffic
  }

  /// One line, keys in a fixed order.
  package func encoded() -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    encoder.keyEncodingStrategy = .convertToSnakeCase
    guard let data = try? encoder.encode(self) else { return "{}" }
    return String(decoding: data, as: UTF8.self)
  }

  /// RFC 3339 in UTC.
  static func text(_ date: Date) -> String { date.formatted(.iso8601) }
}

extension StatusDocument {
  /// A `Reading` in JSON.
  package struct ReadingStatus: Encodable, Sendable {
    let reading: Reading

    init(_ reading: Reading) { self.reading = reading }

    private enum CodingKeys: String, CodingKey { case value, source, absent }

    package func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: CodingKeys.self)
      switch reading {
      case .measured(let value) where value.isFinite:
        try container.encode(value, forKey: .value)
        try container.encode("measured", forKey: .source)
      case .estimated(let value) where value.isFinite:
        try container.encode(value, forKey: .value)
        try container.encode("estimate", forKey: .source)
      case .measured, .estimated: try container.encode("not a number", forKey: .absent)
      case .absent(let reason): try container.encode(reason, forKey: .absent)
      }
    }
  }

  /// A store, or the fleet.
  package struct SumStatus: Encodable, Sendable {
    @ExplicitNull var name: String?
    var nodes: Int
    var health: String
    var healthy: Int
    var degraded: Int
    var faulty: Int
    var unreachable: Int
    var connecting: Int
    var serving: Int
    var draining: Int
    var drained: Int
    var models: [String]
    @ExplicitNull var requestsPerS: Double?
    /// How many nodes that sum covers.
    var requestsPerSNodes: Int
    @ExplicitNull var p50Ms: Double?
    @ExplicitNull var p99Ms: Double?
    var utilization: ReadingStatus
    var watts: ReadingStatus
    /// How many nodes that sum covers.
    var wattsNodes: Int
    var celsius: ReadingStatus
    var joulesPerInference: ReadingStatus
    /// At the price in fleet.yaml, in its currency.
    var costPerDay: ReadingStatus
    @ExplicitNull var currency: String?

    init(_ sum: Aggregate, name: String?, energy: Energy?) {
      self.name = name
      nodes = sum.nodes
      health = sum.condition.rawValue
      healthy = sum.conditions[.healthy] ?? 0
      degraded = sum.conditions[.degraded] ?? 0
      faulty = sum.conditions[.faulty] ?? 0
      unreachable = sum.conditions[.unreachable] ?? 0
      connecting = sum.conditions[.connecting] ?? 0
      serving = sum.serving
      draining = sum.draining
      drained = sum.drained
      models = sum.versions.map(\.description)
      requestsPerS = sum.requestsPerSecond
      requestsPerSNodes = sum.requestsCoverage.known
      p50Ms = sum.p50
      p99Ms = sum.p99
      utilization = ReadingStatus(sum.utilization)
      watts = ReadingStatus(sum.watts)
      wattsNodes = sum.wattsCoverage.known
      celsius = ReadingStatus(sum.celsius)
      joulesPerInference = ReadingStatus(sum.joulesPerInference)
      costPerDay = ReadingStatus(energy?.costPerDay(watts: sum.watts) ?? .absent("fleet.yaml gives no price of energy"))
      currency = energy?.currency
    }
  }
}
