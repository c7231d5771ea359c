import FleetCore
import Foundation

/// The line that `fleet demo --headless` prints when all is ready: enough to find and drive every part.
struct DemoReport: Codable, Sendable {
  struct Node: Codable, Sendable {
    var name: String
    var store: String
    var agentPID: Int32
    var enginePID: Int32
    /// HOST:PORT
    var control: String
    /// HOST:PORT
    var http: String
    /// HOST:PORT
    var grpc: String
    /// HOST:PORT
    var metrics: String
    /// The node's folder on disk.
    var state: String

    enum CodingKeys: String, CodingKey {
      case name, store, control, http, grpc, metrics, state
      case agentPID = "agent_pid"
      case enginePID = "engine_pid"
    }
  }

  var fleetFile: String
  var authority: String
  var certificate: String
  var key: String
  var nodes: [Node]

  enum CodingKeys: String, CodingKey {
    case authority, certificate, key, nodes
    case fleetFile = "fleet_file"
  }

  var line: String {
    get throws {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
      return String(decoding: try encoder.encode(self), as: UTF8.self)
    }
  }
}
