/// A query together with how it was written, for messages.
package struct QueryText: Sendable, Equatable, CustomStringConvertible {
  package let text: String
  package let query: FleetQuery

  package static let all = QueryText(text: "all", query: .all)

  private init(text: String, query: FleetQuery) {
    self.text = text
    self.query = query
  }

  package init(parsing text: String) throws(FleetQueryError) {
    self.init(text: text, query: try FleetQuery(parsing: text))
  }

  package func matches(_ node: FleetDefinition.Node) -> Bool { query.matches(node.name, labels: node.labels) }

  package var description: String { text }
}
