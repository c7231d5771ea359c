package import FleetCore

/// The other nodes of the store, and which of them serve.
package struct Siblings: Sendable {
  /// So long a sibling may take to say that it serves.
  static let deadline: Duration = .seconds(1)

  private let members: [(sibling: AgentConfiguration.Sibling, check: SiblingCheck)]

  package init(_ siblings: [AgentConfiguration.Sibling]) {
    members = siblings.map { ($0, SiblingCheck(address: $0.http)) }
  }

  package var names: [NodeName] { members.map(\.sibling.name) }

  /// Those that say now that they serve, in the order of the configuration.
  package func serving() async -> [AgentConfiguration.Sibling] {
    await withTaskGroup(of: (Int, Bool).self) { group in
      for (index, member) in members.enumerated() {
        group.addTask { (index, await member.check.isReady(within: Self.deadline)) }
      }
      var ready: Set<Int> = []
      for await (index, isReady) in group where isReady { ready.insert(index) }
      return members.enumerated().filter { ready.contains($0.offset) }.map(\.element.sibling)
    }
  }
}
