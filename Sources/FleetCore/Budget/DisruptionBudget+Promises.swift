/// A node as the sibling of others that want to leave.
extension DisruptionBudget {
  /// Answers a sibling. The new value must be on disk before the answer goes out.
  package mutating func answer(_ request: ClaimRequest, from caller: NodeName, _ standing: Standing) -> ClaimReply {
    let answer: ClaimReply.Answer
    switch request.kind {
    case .ask: answer = consider(request, from: caller, standing)
    case .renew: answer = renew(request, from: caller, standing)
    case .release:
      promises.removeAll { $0.owner == caller && $0.number <= request.number }
      answer = .closed
    case .check: answer = claim?.number == request.number ? .open : .closed
    }
    return ClaimReply(number: request.number, answer: answer)
  }

  /// Held promises do not keep a node from making more, nor from asking: those who promise it then stand in for it.
  private mutating func consider(
    _ request: ClaimRequest,
    from caller: NodeName,
    _ standing: Standing
  ) -> ClaimReply.Answer {
    if let held = promises.first(where: { $0.owner == caller }) {
      guard held.number <= request.number else { return refused(.stale, "has a newer question of \(caller)") }
      // Of a claim that is over, or the same again.
      promises.removeAll { $0.owner == caller }
    }
    if let refusal = refusal(to: request, from: caller, standing) { return .refused(refusal) }
    let (needs, spares) = spares(for: request.needs, standing)
    promises.append(
      Promise(
        owner: caller,
        number: request.number,
        orderedBy: request.intent.orderedBy,
        isAutomatic: request.intent.isAutomatic,
        needs: needs
      )
    )
    return .promised(spares)
  }

  private mutating func renew(
    _ request: ClaimRequest,
    from caller: NodeName,
    _ standing: Standing
  ) -> ClaimReply.Answer {
    guard let index = promises.firstIndex(where: { $0.owner == caller && $0.number == request.number }) else {
      return consider(request, from: caller, standing)
    }
    promises[index].renewals = min(promises[index].renewals + 1, Promise.settledRenewals)
    return .promised(spares(for: request.needs, standing).spares)
  }

  private mutating func refusal(
    to request: ClaimRequest,
    from caller: NodeName,
    _ standing: Standing
  ) -> ClaimRefusal? {
    guard siblings.contains(caller) else { return ClaimRefusal(.stranger, "does not know \(caller)") }
    if let claim, claim.stage != .asking {
      let by = claim.intent.orderedBy.isEmpty ? "" : ", by \(claim.intent.orderedBy)"
      let text = claim.stage == .away ? "is drained itself\(by)" : "is coming back and does not serve yet"
      return ClaimRefusal(.away, text)
    }
    guard standing.isServing else { return ClaimRefusal(.notServing, "does not serve") }
    // A sick node is better than none for one that is sick too, as long as it is not quite broken.
    guard standing.health == .healthy || (standing.health == .degraded && request.health != .healthy) else {
      let why = standing.reason.isEmpty ? "" : ": \(standing.reason)"
      return ClaimRefusal(.sick, "is \(standing.health.rawValue) itself\(why)")
    }
    let served = standing.models.map(\.model)
    guard request.needs.isEmpty || request.needs.contains(where: { served.contains($0.model) }) else {
      return ClaimRefusal(.otherModels, "serves none of its models")
    }
    if request.intent.isAutomatic {
      let other = promises.first { $0.isAutomatic && $0.owner != caller }?.owner
      let isMine = claim?.intent.isAutomatic == true
      if let other = other ?? (isMine ? node : nil) {
        return ClaimRefusal(.automatic, "says that \(other) has drained itself")
      }
    }
    if let claim {
      guard request.outranks(claim, of: node, from: caller) else {
        return ClaimRefusal(.asking, "was about to be drained itself, by \(claim.intent.orderedBy)")
      }
      // Not away yet: whatever answers still come are for nobody.
      self.claim = nil
      yieldedTo = caller
    }
    return nil
  }

  /// Of the caller's models those that this node serves too, and what of them it could take on.
  private func spares(for needs: [ModelNeed], _ standing: Standing) -> (needs: [ModelNeed], spares: [ModelSpare]) {
    // What was promised and has not come yet is not in the load.
    let owed = promises.filter { !$0.isSettled }.flatMap(\.needs)
    var taken: [ModelNeed] = []
    var spares: [ModelSpare] = []
    for need in needs {
      guard let own = standing.models.first(where: { $0.model == need.model }) else { continue }
      taken.append(need)
      let more = owed.reduce(0) { $0 + ($1.model == need.model ? $1.perSecond ?? 0 : 0) }
      let spare = own.perSecond.value.flatMap { capacity in own.load.value.map { capacity - $0 - more } }
      spares.append(ModelSpare(model: need.model, perSecond: spare))
    }
    return (taken, spares)
  }

  private func refused(_ cause: ClaimRefusal.Cause, _ text: String) -> ClaimReply.Answer {
    .refused(ClaimRefusal(cause, text))
  }
}
