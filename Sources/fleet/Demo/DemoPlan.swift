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
}
