package import FleetCore

/// The other nodes of the store, and which of them serve.
package struct Siblings: Sendable {
  /// So long a sibling may take to say that it serves.
  static let deadline: Duration = .seconds(1)
  /// What a check may be late with its own no.
  private static let slack: Duration = .milliseconds(100)

  private let members: [(sibling: AgentConfiguration.Sibling, check: SiblingCheck)]

  package init(_ siblings: [AgentConfiguration.Sibling]) throws {
    try self.init(siblings) { _ in }
  }

  /// `lookUp` is called before each look at a name, and may take its time as name servers do.
  init(_ siblings: [AgentConfiguration.Sibling], lookUp: @escaping @Sendable (HostPort) -> Void) throws {
    members = try siblings.map { ($0, try SiblingCheck(address: $0.http, willLookUp: lookUp)) }
  }

  package var names: [NodeName] { members.map(\.sibling.name) }

  /// Those that say now that they serve, in the order of the configuration. Answers within the deadline, whatever keeps a check.
  package func serving() async -> [AgentConfiguration.Sibling] {
    // Tasks of their own: a check that waits for a name server can be neither ended nor waited for. And a caller that is cancelled
    // must not take its haste for the siblings' silence.
    await Task { await Self.serving(members) }.value
  }

  private static func serving(
    _ members: [(sibling: AgentConfiguration.Sibling, check: SiblingCheck)]
  ) async -> [AgentConfiguration.Sibling] {
    let (answers, inbox) = AsyncStream.makeStream(of: (index: Int, isReady: Bool).self)
    for (index, member) in members.enumerated() {
      Task { inbox.yield((index, await member.check.isReady(within: deadline))) }
    }
    let expiry = Task {
      try? await Task.sleep(for: deadline + slack)
      inbox.finish()
    }
    defer { expiry.cancel() }
    var isReady = [Bool?](repeating: nil, count: members.count)
    if members.isEmpty { return [] }
    for await answer in answers {
      isReady[answer.index] = answer.isReady
      if !isReady.contains(nil) { break }
    }
    return zip(members, isReady).filter { $0.1 == true }.map(\.0.sibling)
  }
}
