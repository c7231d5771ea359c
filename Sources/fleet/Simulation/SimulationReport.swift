import FleetCore
import Foundation

/// The line that `fleet demo --simulate N --headless` prints when all nodes answer: enough to find and drive every one.
struct SimulationReport: Codable, Sendable {
  struct Node: Codable, Sendable {
    var name: String
    var store: String
    /// HOST:PORT
    var control: String
    var simulated = true
    /// What is wrong with the box itself; nil for nothing.
    var fault: String?
    /// Whether it is offline now.
    var away: Bool
    /// Whether it is offline in spells.
    var spells: Bool
    /// Whether it goes away in the middle of a transfer.
    var vanishes: Bool
  }

  var simulated = true
  var seed: UInt64
  var fleetFile: String
  var authority: String
  var certificate: String
  var key: String
  var nodes: [Node]

  enum CodingKeys: String, CodingKey {
    case simulated, seed, authority, certificate, key, nodes
    case fleetFile = "fleet_file"
  }

  init(_ fleet: SimulatedFleet) {
    seed = fleet.settings.seed
    fleetFile = fleet.fleetFile
    authority = fleet.credentials.authority
    certificate = fleet.credentials.certificate
    key = fleet.credentials.key
    nodes = fleet.boxes.map { box in
      Node(
        name: box.name.description,
        store: box.name.store,
        control: box.address,
        fault: box.faults.text,
        away: !box.isHere,
        spells: box.faults.spells != nil,
        vanishes: box.faults.vanishing != nil
      )
    }
  }

  var line: String {
    get throws {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
      return String(decoding: try encoder.encode(self), as: UTF8.self)
    }
  }
}
