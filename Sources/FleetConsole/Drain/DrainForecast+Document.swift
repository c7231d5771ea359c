internal import FleetCore
internal import FoundationEssentials

extension DrainForecast {
  /// The JSON of `fleet drain --plan --json`, schema 1. Every key is always there.
  package func encoded(fleet: String, isSimulated: Bool) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    encoder.keyEncodingStrategy = .convertToSnakeCase
    guard let data = try? encoder.encode(Document(self, fleet: fleet, isSimulated: isSimulated)) else { return "{}" }
    return String(decoding: data, as: UTF8.self)
  }

  private struct Document: Encodable {
    struct Heir: Encodable {
      var node: String
      var health: String
      var takesOver: Bool
      @ExplicitNull var obstacle: String?
    }

    struct Model: Encodable {
      var model: String
      var version: Int
      var requestsPerS: StatusDocument.ReadingStatus
      var inFlight: UInt64
      var capacityLeftPerS: StatusDocument.ReadingStatus
      var p99Ms: StatusDocument.ReadingStatus
      var p99ExpectedMs: StatusDocument.ReadingStatus
    }

    struct Client: Encodable {
      var address: String
      var requestsPerS: Double
    }

    struct Node: Encodable {
      var node: String
      var health: String
      @ExplicitNull var availability: String?
      var wouldDrain: Bool
      var needsForce: Bool
      var obstacles: [String]
      var doubts: [String]
      var inFlight: UInt64
      var siblings: [Heir]
      var models: [Model]
      /// Null while the node does not say.
      @ExplicitNull var clients: [Client]?
    }

    let schema = 1
    var fleet: String
    var simulated: Bool
    var sloP99Ms: Double
    var nodes: [Node]

    init(_ forecast: DrainForecast, fleet: String, isSimulated: Bool) {
      self.fleet = fleet
      simulated = isSimulated
      sloP99Ms = forecast.limit
      nodes = forecast.nodes.map(Self.node)
    }

    private static func node(_ node: DrainForecast.Node) -> Node {
      Node(
        node: node.name.description,
        health: node.condition.rawValue,
        availability: node.availability?.rawValue,
        wouldDrain: node.obstacles.isEmpty,
        needsForce: node.needsForce,
        obstacles: node.obstacles,
        doubts: node.doubts,
        inFlight: node.inFlight,
        siblings: node.heirs.map {
          Heir(
            node: $0.name.description,
            health: $0.condition.rawValue,
            takesOver: $0.obstacle == nil,
            obstacle: $0.obstacle
          )
        },
        models: node.models.map { model in
          Model(
            model: model.version.name,
            version: model.version.number,
            requestsPerS: StatusDocument.ReadingStatus(model.load),
            inFlight: model.inFlight,
            capacityLeftPerS: StatusDocument.ReadingStatus(model.capacityLeft),
            p99Ms: StatusDocument.ReadingStatus(model.p99Now),
            p99ExpectedMs: StatusDocument.ReadingStatus(model.p99Expected)
          )
        },
        clients: node.clients.map { $0.map { Client(address: $0.address, requestsPerS: $0.perSecond) } }
      )
    }
  }
}
