import FleetCore
import Testing

struct FleetDefinitionTests {
  @Test func nodesAreFoundByName() {
    let name = NodeName(store: "s", node: "n")
    let node = FleetDefinition.Node(name: name, address: "h:1")
    let fleet = FleetDefinition(name: "f", stores: [FleetDefinition.Store(name: "s", nodes: [node])])
    #expect(fleet.nodes == [node])
    #expect(fleet.node(name) == node)
    #expect(fleet.node(NodeName(store: "s", node: "m")) == nil)
  }
}
