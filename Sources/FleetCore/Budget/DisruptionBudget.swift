/// Decides with the siblings of a store whether a node may leave service of its own will, so that the last healthy node of a model
/// never does: whoever gives the order, at however many consoles, and whichever links are down.
///
/// A node asks every sibling. One that serves and is healthy promises to stay; the node leaves when those who promised cover what it
/// serves. While its own claim is open a node promises nothing, so claims that hold each other's promises can be put in the order in
/// which they were opened, and at the end of each such chain somebody serves. Each promise is on its giver's disk before it is given.
///
/// No I/O and no clock: requests and answers go in, answers and requests come out. The caller saves the new value before it sends them.
package struct DisruptionBudget: Sendable, Equatable, Codable {
  package let node: NodeName
  package private(set) var siblings: [NodeName] = []
  /// Of the newest claim.
  private(set) var lastNumber: UInt64 = 0
  package internal(set) var claim: Claim?
  /// In the order in which they were given.
  package internal(set) var promises: [Promise] = []
  /// Who went first when the claim was given up.
  var yieldedTo: NodeName?

  private enum CodingKeys: String, CodingKey {
    case node, lastNumber, claim, promises
  }

  package init(node: NodeName, siblings: [NodeName]) {
    self.node = node
    self.siblings = siblings
  }

  /// Takes up what was on disk. `isAway` says whether the node is draining or drained, which is what counts: `claim` follows.
  package init(saved: DisruptionBudget?, node: NodeName, siblings: [NodeName], isAway: Bool, orderedBy: String) {
    self.init(node: node, siblings: siblings)
    guard let saved, saved.node == node else {
      if isAway { adopt(orderedBy) }
      return
    }
    lastNumber = saved.lastNumber
    promises = saved.promises.filter { siblings.contains($0.owner) }
    claim = saved.claim
    claim?.guardians.removeAll { !siblings.contains($0) }
    switch (claim?.stage, isAway) {
    case (nil, true): adopt(orderedBy)
    case (nil, false): break
    case (_, true): claim?.stage = .away
    // Nobody waits for the answers any more, and the promises that were given meanwhile end when their givers ask.
    case (.asking, false): claim = nil
    case (.away, false), (.returning, false): claim?.stage = .returning
    }
  }

  /// It has left without a claim: under an older agent, or with its disk lost.
  private mutating func adopt(_ orderedBy: String) {
    lastNumber += 1
    let intent = Claim.Intent(orderedBy: orderedBy)
    claim = Claim(number: lastNumber, stage: .away, intent: intent, needs: [], health: .healthy, isFromAway: true)
  }

  /// What has to be on disk: all but the answers that are on their way to a decision.
  package var kept: DisruptionBudget {
    var kept = self
    kept.claim?.answers = [:]
    kept.yieldedTo = nil
    return kept
  }

  // MARK: Leaving

  /// Opens a claim, in place of one that still asks; the questions to the siblings. A node that is away keeps its claim and asks
  /// nothing. `number` should grow with the time, so that a node which lost its disk does not use one twice.
  package mutating func ask(_ intent: Claim.Intent, _ standing: Standing, number: UInt64 = 0) -> [ClaimEnvelope] {
    guard claim?.stage != .away else { return [] }
    lastNumber = max(lastNumber + 1, number)
    yieldedTo = nil
    claim = Claim(
      number: lastNumber,
      stage: .asking,
      intent: intent,
      needs: needs(standing),
      health: standing.health,
      isFromAway: claim.map { $0.stage == .returning || $0.isFromAway } ?? false
    )
    return requests(.ask)
  }

  /// What it takes along: its own, and what others have handed to it and is not in its own yet.
  private func needs(_ standing: Standing) -> [ModelNeed] {
    let own = standing.models.map { ModelNeed(model: $0.model, perSecond: $0.load.value) }
    return promises.filter { !$0.isSettled }.flatMap(\.needs).reduce(into: own) { needs, need in
      guard let index = needs.firstIndex(where: { $0.model == need.model }) else { return needs.append(need) }
      guard let mine = needs[index].perSecond, let theirs = need.perSecond else { return }
      needs[index].perSecond = mine + theirs
    }
  }

  private func requests(_ kind: ClaimRequest.Kind) -> [ClaimEnvelope] {
    guard let claim else { return [] }
    let request = ClaimRequest(
      kind: kind,
      number: claim.number,
      intent: claim.intent,
      needs: claim.needs,
      health: claim.health
    )
    return siblings.map { ClaimEnvelope(to: $0, request: request) }
  }

  /// Takes what a sibling answered to `request`; nil when it did not.
  package mutating func take(_ reply: ClaimReply?, to request: ClaimRequest, from sibling: NodeName) {
    guard siblings.contains(sibling), reply.map({ $0.number == request.number }) ?? true else { return }
    switch (request.kind, reply?.answer) {
    case (.ask, _) where claim?.number == request.number && claim?.stage == .asking:
      claim?.answers[sibling] = .some(reply)
    case (.renew, .promised?) where claim?.number == request.number:
      if claim?.guardians.contains(sibling) == false { claim?.guardians.append(sibling) }
    case (.renew, .refused?) where claim?.number == request.number:
      claim?.guardians.removeAll { $0 == sibling }
    case (.check, .closed?):
      promises.removeAll { $0.owner == sibling && $0.number == request.number }
    default: break
    }
  }

  /// Whether every sibling has answered, or the claim was given up.
  package var isAnswered: Bool {
    guard let claim, claim.stage == .asking else { return true }
    return siblings.allSatisfy { claim.answers.keys.contains($0) }
  }

  /// Says whether the node leaves, by the answers that are there; those that are not count as none. With a no come the requests that
  /// end the promises given.
  package mutating func decide() -> BudgetVerdict {
    guard let claim, claim.stage == .asking else {
      // Once away it is away.
      if let claim, claim.stage == .away { return .goes(claim.guardians, doubts: []) }
      return .refused(BudgetRefusal(node: node, causes: [], yieldedTo: yieldedTo), [])
    }
    let weighing = BudgetWeighing(claim, of: node, siblings: siblings, promises: promises)
    self.claim?.guardians = weighing.promised
    self.claim?.answers = [:]
    guard weighing.shortfalls.isEmpty || claim.intent.isForced else {
      let releases = requests(.release)
      // One that has not come back yet is still on its way back.
      if claim.isFromAway {
        self.claim?.stage = .returning
        return .refused(weighing.refusal, [])
      }
      self.claim = nil
      return .refused(weighing.refusal, releases)
    }
    self.claim?.stage = .away
    return .goes(weighing.promised, doubts: weighing.doubts)
  }

  /// The drain is over, or did not come to be. The claim stays open until the node serves again; one that only asks is given up, and
  /// promises given for it end when their givers ask. Needs no disk: the next agent sees that the node is not drained.
  package mutating func comeBack() {
    if claim?.stage == .asking, claim?.isFromAway == false {
      claim = nil
    } else if claim != nil {
      claim?.stage = .returning
    }
  }

  /// Looks after what is open, every few seconds: the requests to send. A node that serves again closes its claim.
  package mutating func tick(_ standing: Standing) -> [ClaimEnvelope] {
    let checks = promises.map { promise in
      ClaimEnvelope(to: promise.owner, request: ClaimRequest(kind: .check, number: promise.number))
    }
    switch claim?.stage {
    case .away: return requests(.renew) + checks
    case .returning where standing.isServing:
      let releases = requests(.release)
      claim = nil
      return releases + checks
    case .returning: return requests(.renew) + checks
    case .asking, nil: return checks
    }
  }
}
