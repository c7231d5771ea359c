/// What nodes of a store ask each other about leaving.
package struct ClaimRequest: Sendable, Equatable {
  package enum Kind: String, Sendable, CaseIterable {
    /// May I leave? A yes is a promise to stay.
    case ask
    /// I am away: is your promise still there?
    case renew
    /// I serve again, or did not leave: your promise is over.
    case release
    /// I promised to stay for this claim of yours: is it still open?
    case check
  }

  package var kind: Kind
  /// Of the caller's claim; with `check`, of the callee's.
  package var number: UInt64
  package var intent: Claim.Intent
  /// What the caller would take from its clients.
  package var needs: [ModelNeed]
  /// The caller's.
  package var health: Health

  package init(
    kind: Kind,
    number: UInt64,
    intent: Claim.Intent = Claim.Intent(orderedBy: ""),
    needs: [ModelNeed] = [],
    health: Health = .healthy
  ) {
    self.kind = kind
    self.number = number
    self.intent = intent
    self.needs = needs
    self.health = health
  }

  /// Of two that ask at the same moment, the one with the greater goes first: one that goes anyway, then a sick one, then by name.
  func outranks(_ claim: Claim, of owner: NodeName, from caller: NodeName) -> Bool {
    if intent.isForced != claim.intent.isForced { return intent.isForced }
    if (health == .faulty) != (claim.health == .faulty) { return health == .faulty }
    return caller < owner
  }
}

package struct ClaimReply: Sendable, Equatable {
  package enum Answer: Sendable, Equatable {
    /// It stays, and can take so much more of each model that it serves too.
    case promised([ModelSpare])
    case refused(ClaimRefusal)
    /// To `check`: the claim stands.
    case open
    /// To `check` and `release`: there is nothing to stay for.
    case closed
  }

  /// The claim that the answer is about.
  package var number: UInt64
  package var answer: Answer

  package init(number: UInt64, answer: Answer) {
    self.number = number
    self.answer = answer
  }
}

/// What a node could take on beside what it answers already.
package struct ModelSpare: Sendable, Equatable {
  package var model: String
  /// Requests a second within the service level; nil when nobody knows.
  package var perSecond: Double?

  package init(model: String, perSecond: Double? = nil) {
    self.model = model
    self.perSecond = perSecond
  }
}

/// Why a node promises nothing.
package struct ClaimRefusal: Sendable, Equatable {
  package enum Cause: String, Sendable, CaseIterable {
    /// It is away itself, or wants to come back and does not serve yet.
    case away
    /// It does not serve.
    case notServing = "not_serving"
    case sick
    /// It serves none of the caller's models.
    case otherModels = "other_models"
    /// It wants to leave itself and goes first.
    case asking
    /// Another node of the store has drained itself already.
    case automatic
    /// The question is older than another of the same caller.
    case stale
    /// The caller is no sibling.
    case stranger
    /// It cannot keep a promise.
    case failed
  }

  package var cause: Cause
  /// What follows the node's name in a sentence: `is drained itself, by kim`.
  package var text: String

  package init(_ cause: Cause, _ text: String) {
    self.cause = cause
    self.text = text
  }
}

/// A request on its way to a sibling.
package struct ClaimEnvelope: Sendable, Equatable {
  package var to: NodeName
  package var request: ClaimRequest
}
