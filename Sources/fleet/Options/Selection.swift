import FleetCore

/// Nodes picked by a query.
struct Selection {
  let nodes: [FleetDefinition.Node]

  /// Throws a `UsageError` when the text is not a query or nothing matches it.
  init(_ text: String, in fleet: FleetDefinition) throws {
    let query: FleetQuery
    do throws(FleetQueryError) {
      query = try FleetQuery(parsing: text)
    } catch {
      throw UsageError("\(error.description), in '\(text)'")
    }
    nodes = query.select(from: fleet)
    guard nodes.isEmpty else { return }
    let names = fleet.stores.map(\.name) + fleet.nodes.map(\.name.description)
    throw UsageError("no node of fleet '\(fleet.name)' matches '\(text)'\(NearName.hint(for: text, among: names))")
  }
}
