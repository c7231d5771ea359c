import FleetCore
import Foundation

/// Which agents the demo runs, and where each of them answers.
struct DemoPlan: Sendable {
  struct Node: Sendable {
    var name: NodeName
    /// HOST:PORT of the agent's control API.
    var control: String
    /// HOST:PORT of the engine's REST calls.
    var http: String
    /// HOST:PORT of its gRPC calls.
    var grpc: String
    /// HOST:PORT of the agent's metrics.
    var metrics: String
    var fault: String?
  }

  var fleet: FleetDefinition
  var nodes: [Node]

  /// Takes stores and nodes from `fleet`; a port of its that is in use is replaced by a free one.
  init(fleet: FleetDefinition, fault: (node: NodeName, text: String)?) throws {
    self.fleet = fleet
    nodes = []
    var taken: Set<Int> = []
    func port(wanted: Int) throws -> Int {
      for candidate in [wanted, 0, 0, 0, 0, 0, 0, 0, 0] {
        guard let port = FreePort.find(wanted: candidate) else { break }
        if taken.insert(port).inserted { return port }
      }
      throw DemoError("no free port on 127.0.0.1 for the demo's nodes")
    }
    for store in self.fleet.stores.indices {
      for index in self.fleet.stores[store].nodes.indices {
        let node = self.fleet.stores[store].nodes[index]
        guard let wanted = Address.split(node.address)?.port else {
          throw DemoError("\(node.name): '\(node.address)' is not HOST:PORT")
        }
        let control = "127.0.0.1:\(try port(wanted: wanted))"
        // 9101 for the control API; 8101, 8201 and 8301 for clients.
        func place(below: Int) throws -> String {
          "127.0.0.1:\(try port(wanted: wanted > 2000 ? wanted - below : 0))"
        }
        let (http, grpc, metrics) = (try place(below: 1000), try place(below: 900), try place(below: 800))
        self.fleet.stores[store].nodes[index].address = control
        let isFaulty = fault?.node == node.name
        nodes.append(
          Node(
            name: node.name,
            control: control,
            http: http,
            grpc: grpc,
            metrics: metrics,
            fault: isFaulty ? fault?.text : nil
          )
        )
      }
    }
    if let fault, !nodes.contains(where: { $0.name == fault.node }) {
      let hint = NearName.hint(for: fault.node.description, among: nodes.map(\.name.description))
      throw DemoError("no node '\(fault.node)' in this fleet\(hint)")
    }
  }

  /// The fleet as the file that `fleet --fleet` reads.
  var fleetFileText: String {
    var lines = ["# Written by 'fleet demo': the fleet with the addresses that the demo uses.", "version: 1"]
    lines.append("fleet: \(fleet.name)")
    lines.append("slo:")
    lines.append("  p99: \(Quantity.text(fleet.slo.p99))")
    lines.append("  errors: \(fleet.slo.errors * 100)%")
    lines.append("  temperature: \(fleet.slo.celsius)C")
    if let energy = fleet.energy {
      lines.append("energy:")
      lines.append("  price_per_kwh: \(energy.pricePerKilowattHour)")
      lines.append("  currency: \(JSONText.quoted(energy.currency))")
    }
    lines.append("models:")
    for model in fleet.models {
      let path = URL(filePath: model.path).absoluteURL.path(percentEncoded: false)
      lines.append("  - {name: \(model.name), path: \(JSONText.quoted(path))}")
    }
    lines.append("stores:")
    for store in fleet.stores {
      lines.append("  - name: \(store.name)")
      lines.append("    labels: {\(Self.pairs(store.labels))}")
      lines.append("    nodes:")
      for node in store.nodes {
        let own = node.labels.filter { store.labels[$0.key] != $0.value }
        let labels = own.isEmpty ? "" : ", labels: {\(Self.pairs(own))}"
        lines.append("      - {name: \(node.name.node), address: \(JSONText.quoted(node.address))\(labels)}")
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func pairs(_ labels: [String: String]) -> String {
    labels.sorted { $0.key < $1.key }.map { "\($0.key): \(JSONText.quoted($0.value))" }.joined(separator: ", ")
  }
}
