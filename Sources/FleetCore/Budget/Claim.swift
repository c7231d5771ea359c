/// A node's wish to leave service of its own will, from the first question to its siblings until it serves again.
package struct Claim: Sendable, Equatable, Codable {
  package enum Stage: String, Sendable, Codable {
    /// Siblings are asked; the node still serves.
    case asking
    /// The node has left, or is about to.
    case away
    /// It may come back and does not serve yet.
    case returning
  }

  /// Why a node wants to leave.
  package struct Intent: Sendable, Equatable, Codable {
    /// The person or rule that ordered it.
    package var orderedBy: String
    /// It leaves whatever siblings say.
    package var isForced: Bool
    /// Nobody ordered it but a rule: of those a store lets one go at a time.
    package var isAutomatic: Bool

    package init(orderedBy: String, isForced: Bool = false, isAutomatic: Bool = false) {
      self.orderedBy = orderedBy
      self.isForced = isForced
      self.isAutomatic = isAutomatic
    }
  }

  /// Greater than that of every claim of the node before.
  package let number: UInt64
  package internal(set) var stage: Stage
  package let intent: Intent
  /// What it would take from its clients, as known at the order.
  package let needs: [ModelNeed]
  package let health: Health
  /// Those who promised to stay.
  package internal(set) var guardians: [NodeName] = []
  /// Whether the node had left already, and does not serve, when siblings were asked.
  let isFromAway: Bool
  /// Who has said what so far; nil for one that did not answer. Not kept on disk, as whoever restarts asks anew.
  var answers: [NodeName: ClaimReply?] = [:]

  private enum CodingKeys: String, CodingKey {
    case number, stage, intent, needs, health, guardians, isFromAway
  }

  init(number: UInt64, stage: Stage, intent: Intent, needs: [ModelNeed], health: Health, isFromAway: Bool = false) {
    self.number = number
    self.stage = stage
    self.intent = intent
    self.needs = needs
    self.health = health
    self.isFromAway = isFromAway
  }
}

/// A node's word that it does not leave of its own will while another is away, unless one more takes its place. It ends when
/// its owner serves again, gives the claim up, or is no sibling any more.
package struct Promise: Sendable, Equatable, Codable {
  /// For whom.
  package let owner: NodeName
  /// The owner's claim.
  package let number: UInt64
  package let orderedBy: String
  package let isAutomatic: Bool
  /// What of the owner's models this node serves too.
  package internal(set) var needs: [ModelNeed]
  /// How often the owner, away, has asked for it again.
  package internal(set) var renewals = 0

  /// Renewals after which the owner's requests are in what this node measures of itself.
  static let settledRenewals = 3

  /// Whether what the owner hands on is in this node's load by now.
  var isSettled: Bool { renewals >= Self.settledRenewals }
}

/// What a node answers of one model.
package struct ModelNeed: Sendable, Equatable, Codable {
  package var model: String
  /// Requests a second; nil when nobody knows.
  package var perSecond: Double?

  package init(model: String, perSecond: Double? = nil) {
    self.model = model
    self.perSecond = perSecond
  }
}

/// What a node can say of itself when a question comes.
package struct Standing: Sendable, Equatable {
  /// Whether it answers requests itself, now.
  package var isServing: Bool
  package var health: Health
  /// The worst that its health rules say; empty for nothing.
  package var reason: String
  /// What it serves.
  package var models: [ModelCapacity]

  package init(isServing: Bool, health: Health = .healthy, reason: String = "", models: [ModelCapacity] = []) {
    self.isServing = isServing
    self.health = health
    self.reason = reason
    self.models = models
  }
}
