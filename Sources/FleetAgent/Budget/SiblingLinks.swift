package import FleetCore
package import FleetWire

/// The control APIs of the siblings whose addresses are told.
package enum SiblingLinks {
  /// Dials nobody yet. Siblings without a control address are left out, and all of them without `credentials`.
  package static func make(
    _ siblings: [AgentConfiguration.Sibling],
    credentials: Credentials?
  ) throws(CommandError) -> [NodeName: any NodeAgent] {
    guard let credentials else { return [:] }
    var links: [NodeName: any NodeAgent] = [:]
    for sibling in siblings {
      guard let control = sibling.control else { continue }
      links[sibling.name] = try RemoteAgent(
        name: sibling.name,
        address: control.description,
        credentials: credentials,
        deadlines: Deadlines(command: BudgetKeeper.deadline, connect: BudgetKeeper.deadline)
      )
    }
    return links
  }
}
