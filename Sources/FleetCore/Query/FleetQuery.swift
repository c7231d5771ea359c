/// Selects nodes: `austin-*`, `denver-02/b`, `region=south and not tier=canary`, `all`.
///
/// Grammar: `or` of `and` of `not`s; a term is `( query )`, `LABEL=VALUE`, a store or `store/node` name; `*` stands for any text
/// without `/` in names and for any text in values.
package indirect enum FleetQuery: Sendable, Equatable {
  case all
  case name(store: String, node: String)
  case label(key: String, value: String)
  case not(FleetQuery)
  case and(FleetQuery, FleetQuery)
  case or(FleetQuery, FleetQuery)

  package func matches(_ name: NodeName, labels: [String: String]) -> Bool {
    switch self {
    case .all: true
    case .name(let store, let node): Glob.matches(store, name.store) && Glob.matches(node, name.node)
    case .label(let key, let value): labels[key].map { Glob.matches(value, $0) } ?? false
    case .not(let query): !query.matches(name, labels: labels)
    case .and(let left, let right): left.matches(name, labels: labels) && right.matches(name, labels: labels)
    case .or(let left, let right): left.matches(name, labels: labels) || right.matches(name, labels: labels)
    }
  }

  /// The nodes of `fleet` that match, in its order.
  package func select(from fleet: FleetDefinition) -> [FleetDefinition.Node] {
    fleet.nodes.filter { matches($0.name, labels: $0.labels) }
  }
}

/// Why a text is not a query.
package struct FleetQueryError: Error, Sendable, Equatable, CustomStringConvertible {
  /// Counted from 1.
  package let column: Int
  package let problem: String

  package var description: String { "query, column \(column): \(problem)" }
}

/// `*` for any text, everything else for itself.
enum Glob {
  static func matches(_ pattern: some StringProtocol, _ text: some StringProtocol) -> Bool {
    let pattern = Array(pattern.utf8)
    let text = Array(text.utf8)
    var p = 0
    var t = 0
    var star: (pattern: Int, text: Int)?
    while t < text.count {
      if p < pattern.count, pattern[p] == UInt8(ascii: "*") {
        star = (p, t)
        p += 1
      } else if p < pattern.count, pattern[p] == text[t] {
        p += 1
        t += 1
      } else if let last = star {
        p = last.pattern + 1
        t = last.text + 1
        star = (last.pattern, t)
      } else {
        return false
      }
    }
    return pattern[p...].allSatisfy { $0 == UInt8(ascii: "*") }
  }
}
