/// Whether a node leaves.
package enum BudgetVerdict: Sendable, Equatable {
  /// It leaves; who stays for it, and what could not be weighed.
  case goes([NodeName], doubts: [String])
  /// It stays. The requests tell those who promised.
  case refused(BudgetRefusal, [ClaimEnvelope])
}

/// Why a node may not leave: who does not take over, and why.
package struct BudgetRefusal: Sendable, Equatable {
  package let node: NodeName
  /// Whole clauses: `austin-01/b does not answer`.
  package let causes: [String]
  /// Another asked at the same moment, and goes first.
  package let yieldedTo: NodeName?
  /// What clients would lose, if it went all the same.
  package let losses: [String]
  /// Whether nobody at all takes over.
  package let isLast: Bool

  init(
    node: NodeName,
    causes: [String],
    yieldedTo: NodeName? = nil,
    losses: [String] = [],
    isLast: Bool = false
  ) {
    self.node = node
    self.causes = causes
    self.yieldedTo = yieldedTo
    self.losses = losses
    self.isLast = isLast
  }

  /// For an operator: who, why, and what to do.
  package var text: String {
    if let yieldedTo {
      return "\(node) stays: \(yieldedTo) was drained at the same moment and goes first; try again when it serves"
    }
    let why = causes.isEmpty ? "nobody was asked" : causes.joined(separator: "; ")
    let subject = isLast ? "\(node) is the last serving node of \(node.store)" : "\(node) is needed"
    let loss = losses.isEmpty ? "" : "; \(losses.joined(separator: ", ")) would be refused"
    return "\(subject) (\(why))\(loss). --force drains it all the same"
  }
}

/// Weighs what siblings answered against what a node serves.
struct BudgetWeighing {
  private(set) var promised: [NodeName] = []
  /// Why it should stay; whole clauses.
  private(set) var shortfalls: [String] = []
  private(set) var doubts: [String] = []
  private(set) var refusal: BudgetRefusal

  /// `promises` are those that the node has given to others.
  init(_ claim: Claim, of node: NodeName, siblings: [NodeName], promises: [Promise]) {
    refusal = BudgetRefusal(node: node, causes: [])
    var spares: [(name: NodeName, spares: [ModelSpare])] = []
    var causes: [String] = []
    for sibling in siblings {
      switch claim.answers[sibling].flatMap(\.self)?.answer {
      case .promised(let offered)?: spares.append((sibling, offered))
      case .refused(let why)?: causes.append("\(sibling) \(why.text)")
      case .open?, .closed?, nil: causes.append("\(sibling) does not answer")
      }
    }
    promised = spares.map(\.name)
    var losses: [String] = []
    if promised.isEmpty { shortfalls.append("nobody takes over") }
    for need in claim.needs {
      let offers = spares.flatMap(\.spares).filter { $0.model == need.model }
      if let shortfall = weigh(need, offers, claim) { shortfalls.append(shortfall) }
      if offers.isEmpty { losses.append(Self.loss(need)) }
    }
    // Two majorities have a node in common, and that one lets only one of them go; it may be the node itself.
    if claim.intent.isAutomatic, let other = promises.first(where: \.isAutomatic)?.owner {
      shortfalls.append("it stays for \(other), which has drained itself")
    }
    if claim.intent.isAutomatic, (promised.count + 1) * 2 <= siblings.count + 1 {
      shortfalls.append("no majority of the store's nodes agrees")
    }
    let said = promised.isEmpty ? [] : shortfalls
    let silence = siblings.isEmpty ? ["it has no sibling"] : causes
    refusal = BudgetRefusal(
      node: node,
      causes: said + silence,
      losses: losses.isEmpty && promised.isEmpty ? ["its requests"] : losses,
      isLast: promised.isEmpty
    )
  }

  /// What is missing; nil when nothing is.
  private mutating func weigh(_ need: ModelNeed, _ offers: [ModelSpare], _ claim: Claim) -> String? {
    guard !offers.isEmpty else { return "nobody else serves '\(need.model)'" }
    // A sick node serves its clients badly: any healthy one is better.
    if claim.health == .faulty { return nil }
    let known = offers.compactMap(\.perSecond)
    guard let load = need.perSecond, known.count == offers.count else {
      doubts.append("nobody knows whether the others can take all of '\(need.model)'")
      return nil
    }
    // One that has too much already needs the others too.
    let spare = known.reduce(0, +)
    guard spare < load else { return nil }
    return "the others can take \(Self.rate(max(0, spare))) of its \(Self.rate(load)) requests/s for '\(need.model)'"
  }

  private static func loss(_ need: ModelNeed) -> String {
    guard let perSecond = need.perSecond, perSecond > 0 else { return "its requests for '\(need.model)'" }
    return "its \(rate(perSecond)) requests/s for '\(need.model)'"
  }

  private static func rate(_ value: Double) -> String {
    guard value.magnitude < 1e9 else { return "\(value)" }
    let tenths = (value * 10).rounded() / 10
    return tenths == tenths.rounded() || value >= 100 ? "\(Int(value.rounded()))" : "\(tenths)"
  }
}
