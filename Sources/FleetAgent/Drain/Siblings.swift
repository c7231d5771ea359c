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
    await ask().filter(\.isServing).map(\.sibling)
  }

  /// What all say of themselves now, in the same order and as quickly.
  package func ask() async -> [SiblingState] {
    // Tasks of their own: a check that waits for a name server can be neither ended nor waited for. And a caller that is cancelled
    // must not take its haste for the siblings' silence.
    await Task { await Self.ask(members) }.value
  }

  private static func ask(
    _ members: [(sibling: AgentConfiguration.Sibling, check: SiblingCheck)]
  ) async -> [SiblingState] {
    let (inbound, inbox) = AsyncStream.makeStream(of: (index: Int, answer: SiblingCheck.Answer).self)
    for (index, member) in members.enumerated() {
      Task { inbox.yield((index, await member.check.ask(within: deadline))) }
    }
    let expiry = Task {
      try? await Task.sleep(for: deadline + slack)
      inbox.finish()
    }
    defer { expiry.cancel() }
    var answers = [SiblingCheck.Answer?](repeating: nil, count: members.count)
    if members.isEmpty { return [] }
    for await one in inbound {
      answers[one.index] = one.answer
      if !answers.contains(nil) { break }
    }
    return zip(members, answers).map { member, answer in
      SiblingState(sibling: member.sibling, isServing: answer?.isReady ?? false, inFlight: answer?.inFlight)
    }
  }
}

/// What a sibling says of itself.
package struct SiblingState: Sendable {
  package var sibling: AgentConfiguration.Sibling
  package var isServing: Bool
  /// Of all that it has in flight; nil when it does not say.
  package var inFlight: UInt64?
}
