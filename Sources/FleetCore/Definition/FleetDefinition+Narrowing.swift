extension FleetDefinition {
  /// The same fleet with these nodes only; stores without any are left out.
  package func narrowed(to nodes: [Node]) -> FleetDefinition {
    let names = Set(nodes.map(\.name))
    var fleet = self
    fleet.stores = stores.compactMap { store in
      var store = store
      store.nodes = store.nodes.filter { names.contains($0.name) }
      return store.nodes.isEmpty ? nil : store
    }
    return fleet
  }
}
