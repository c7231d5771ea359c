internal import FleetCore
internal import FoundationEssentials

extension FleetDifference {
  /// The JSON of `fleet diff --json`, schema 1: every node, also those that are as they should be. Every key is always there.
  package func encoded() -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    encoder.keyEncodingStrategy = .convertToSnakeCase
    guard let data = try? encoder.encode(Document(self)) else { return "{}" }
    return String(decoding: data, as: UTF8.self)
  }

  private struct Document: Encodable {
    struct Row: Encodable {
      var node: String
      var model: String
      var desired: Int
      @ExplicitNull var served: Int?
      var state: String
      var reason: String
      @ExplicitNull var obstacle: String?
      var isProvisional: Bool
      @ExplicitNull var simulated: Bool?
    }

    let schema = 1
    var fleet: String
    /// Whether any of them is a simulation.
    var simulated: Bool
    var same: Int
    var differs: Int
    var unknown: Int
    var nodes: [Row]
    var problems: [String]

    init(_ difference: FleetDifference) {
      fleet = difference.fleet
      simulated = difference.entries.contains { $0.isSimulated == true }
      same = difference.count(.same)
      differs = difference.count(.differs)
      unknown = difference.count(.unknown)
      nodes = difference.entries.map { entry in
        Row(
          node: entry.node.description,
          model: entry.desired.name,
          desired: entry.desired.number,
          served: entry.served?.number,
          state: entry.state.rawValue,
          reason: entry.reason,
          obstacle: entry.obstacle,
          isProvisional: entry.isProvisional,
          simulated: entry.isSimulated
        )
      }
      problems = difference.problems
    }
  }
}
