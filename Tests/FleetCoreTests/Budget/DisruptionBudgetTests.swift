import FleetCore
import Foundation
import Testing

struct DisruptionBudgetTests {
  private let a = NodeName(store: "austin-01", node: "a")
  private let b = NodeName(store: "austin-01", node: "b")
  private let c = NodeName(store: "austin-01", node: "c")
  private let kim = Claim.Intent(orderedBy: "kim")

  private func standing(
    load: Double? = 40,
    capacity: Double? = 100,
    health: Health = .healthy,
    models: [String] = ["tag-reader"],
    isServing: Bool = true
  ) -> Standing {
    Standing(
      isServing: isServing,
      health: health,
      reason: health == .healthy ? "" : "p99 220 ms is over the SLO of 100 ms",
      models: models.map { model in
        ModelCapacity(
          model: model,
          perSecond: capacity.map { .estimated($0) } ?? .absent("too few requests"),
          load: load.map { .measured($0) } ?? .absent("no window yet")
        )
      }
    )
  }

  /// Asks `others` for `node` and decides.
  private func leave(
    _ node: inout DisruptionBudget,
    _ intent: Claim.Intent,
    _ own: Standing,
    asking others: inout [DisruptionBudget],
    _ theirs: Standing
  ) -> BudgetVerdict {
    for envelope in node.ask(intent, own) {
      guard let index = others.firstIndex(where: { $0.node == envelope.to }) else { continue }
      let reply = others[index].answer(envelope.request, from: node.node, theirs)
      node.take(reply, to: envelope.request, from: envelope.to)
    }
    return node.decide()
  }

  private func text(_ verdict: BudgetVerdict) -> String {
    if case .refused(let refusal, _) = verdict { refusal.text } else { "it goes" }
  }

  @Test func leavesWhenASiblingCoversIt() {
    var node = DisruptionBudget(node: a, siblings: [b])
    var others = [DisruptionBudget(node: b, siblings: [a])]
    #expect(leave(&node, kim, standing(), asking: &others, standing()) == .goes([b], doubts: []))
    #expect(others[0].promises.map(\.owner) == [a])
    #expect(node.claim?.stage == .away)
  }

  @Test func staysWhenTheOthersCannotTakeItAll() {
    var node = DisruptionBudget(node: a, siblings: [b])
    var others = [DisruptionBudget(node: b, siblings: [a])]
    let verdict = leave(&node, kim, standing(load: 70), asking: &others, standing(load: 60))
    #expect(
      text(verdict)
        == "austin-01/a is needed (the others can take 40 of its 70 requests/s for 'tag-reader'). --force drains it all the same"
    )
    // The promise that was given has an end.
    guard case .refused(_, let releases) = verdict else { return }
    for release in releases { _ = others[0].answer(release.request, from: a, standing()) }
    #expect(others[0].promises.isEmpty && node.claim == nil)
  }

  @Test func unknownCapacityIsADoubtNotANo() {
    var node = DisruptionBudget(node: a, siblings: [b])
    var others = [DisruptionBudget(node: b, siblings: [a])]
    let verdict = leave(&node, kim, standing(), asking: &others, standing(capacity: nil))
    #expect(verdict == .goes([b], doubts: ["nobody knows whether the others can take all of 'tag-reader'"]))
  }

  @Test func sickNodesDoNotBlockTheirOwnDrain() {
    var node = DisruptionBudget(node: a, siblings: [b])
    var others = [DisruptionBudget(node: b, siblings: [a])]
    let verdict = leave(&node, kim, standing(load: 90, health: .faulty), asking: &others, standing(load: 90))
    #expect(verdict == .goes([b], doubts: []))
  }

  @Test func sickSiblingsPromiseNothing() {
    for health in [Health.degraded, .faulty] {
      var node = DisruptionBudget(node: a, siblings: [b])
      var others = [DisruptionBudget(node: b, siblings: [a])]
      let verdict = leave(&node, kim, standing(), asking: &others, standing(health: health))
      #expect(
        text(verdict)
          == "austin-01/a is the last serving node of austin-01 (austin-01/b is \(health) itself: p99 220 ms is over the SLO of "
          + "100 ms); its 40 requests/s for 'tag-reader' would be refused. --force drains it all the same"
      )
    }
    var node = DisruptionBudget(node: a, siblings: [b])
    var others = [DisruptionBudget(node: b, siblings: [a])]
    let verdict = leave(&node, kim, standing(health: .degraded), asking: &others, standing(health: .degraded))
    #expect(verdict == .goes([b], doubts: []))
  }

  @Test func aModelThatNobodyElseServesKeepsTheNode() {
    var node = DisruptionBudget(node: a, siblings: [b])
    var others = [DisruptionBudget(node: b, siblings: [a])]
    let own = standing(models: ["tag-reader", "shelf"])
    let verdict = leave(&node, kim, own, asking: &others, standing())
    #expect(
      text(verdict)
        == "austin-01/a is needed (nobody else serves 'shelf'); its 40 requests/s for 'shelf' would be refused. "
        + "--force drains it all the same"
    )
  }

  @Test func silenceIsNoPromise() {
    var node = DisruptionBudget(node: a, siblings: [b])
    let asked = node.ask(kim, standing())
    #expect(!node.isAnswered)
    node.take(nil, to: asked[0].request, from: b)
    #expect(node.isAnswered)
    #expect(
      text(node.decide()).hasPrefix("austin-01/a is the last serving node of austin-01 (austin-01/b does not answer)")
    )
  }

  @Test func forceLeavesAllTheSame() {
    var node = DisruptionBudget(node: a, siblings: [])
    let force = Claim.Intent(orderedBy: "kim", isForced: true)
    var others: [DisruptionBudget] = []
    #expect(leave(&node, force, standing(), asking: &others, standing()) == .goes([], doubts: []))
  }

  @Test func oneOfTwoThatAskAtOnceGoes() {
    var first = DisruptionBudget(node: a, siblings: [b])
    var second = DisruptionBudget(node: b, siblings: [a])
    let mine = first.ask(kim, standing())[0].request
    let theirs = second.ask(Claim.Intent(orderedBy: "lee"), standing())[0].request
    let toFirst = second.answer(mine, from: a, standing())
    let toSecond = first.answer(theirs, from: b, standing())
    first.take(toFirst, to: mine, from: b)
    second.take(toSecond, to: theirs, from: a)
    #expect(first.decide() == .goes([b], doubts: []))
    #expect(
      text(second.decide())
        == "austin-01/b stays: austin-01/a was drained at the same moment and goes first; try again when it serves"
    )
  }

  @Test func aNodeUnderAPromiseLeavesWhenAnotherStandsIn() {
    var node = DisruptionBudget(node: a, siblings: [b, c])
    var others = [DisruptionBudget(node: b, siblings: [a, c]), DisruptionBudget(node: c, siblings: [a, b])]
    #expect(leave(&node, kim, standing(), asking: &others, standing()) == .goes([b, c], doubts: []))
    var second = others[0]
    var rest = [node, others[1]]
    // What austin-01/a hands on has not come yet: 40 of it beside 40 of its own.
    let verdict = leave(&second, kim, standing(), asking: &rest, standing(capacity: 150))
    #expect(
      text(verdict)
        == "austin-01/b is needed (the others can take 70 of its 80 requests/s for 'tag-reader'; austin-01/a is drained itself, by kim)"
        + ". --force drains it all the same"
    )
    rest = [node, others[1]]
    second = others[0]
    #expect(leave(&second, kim, standing(), asking: &rest, standing(capacity: 200)) == .goes([c], doubts: []))
  }

  @Test func aPromiseEndsWhenItsOwnerServesAgain() {
    var node = DisruptionBudget(node: a, siblings: [b])
    var others = [DisruptionBudget(node: b, siblings: [a])]
    _ = leave(&node, kim, standing(), asking: &others, standing())
    node.comeBack()
    // It does not serve yet.
    let renewals = node.tick(standing(isServing: false)).filter { $0.request.kind == .renew }
    #expect(renewals.count == 1 && node.claim?.stage == .returning)
    let releases = node.tick(standing())
    #expect(releases.map(\.request.kind) == [.release] && node.claim == nil)
    // The release was lost: the sibling asks.
    let check = others[0].tick(standing())[0]
    others[0].take(node.answer(check.request, from: b, standing()), to: check.request, from: a)
    #expect(others[0].promises.isEmpty)
  }

  @Test func aPromiseEndsWhenItsOwnerIsNoSiblingAnyMore() {
    var node = DisruptionBudget(node: a, siblings: [b])
    var others = [DisruptionBudget(node: b, siblings: [a])]
    _ = leave(&node, kim, standing(), asking: &others, standing())
    let again = DisruptionBudget(saved: others[0], node: b, siblings: [c], isAway: false, orderedBy: "")
    #expect(others[0].promises.count == 1 && again.promises.isEmpty)
  }

  @Test func restartsContinueAndForgetNothing() throws {
    var node = DisruptionBudget(node: a, siblings: [b])
    var others = [DisruptionBudget(node: b, siblings: [a])]
    _ = leave(&node, kim, standing(), asking: &others, standing())
    func restarted(_ budget: DisruptionBudget, isAway: Bool) throws -> DisruptionBudget {
      let saved = try JSONDecoder().decode(DisruptionBudget.self, from: JSONEncoder().encode(budget))
      return DisruptionBudget(
        saved: saved,
        node: budget.node,
        siblings: budget.siblings,
        isAway: isAway,
        orderedBy: "kim"
      )
    }
    #expect(try restarted(node, isAway: true) == node)
    #expect(try restarted(others[0], isAway: false) == others[0])
    // It died before the drain was on disk.
    #expect(try restarted(node, isAway: false).claim?.stage == .returning)
    var asking = DisruptionBudget(node: a, siblings: [b])
    _ = asking.ask(kim, standing())
    #expect(try restarted(asking, isAway: false).claim == nil)
    // Drained under an agent that knew of no budget.
    let adopted = DisruptionBudget(saved: nil, node: a, siblings: [b], isAway: true, orderedBy: "kim")
    #expect(adopted.claim?.stage == .away && adopted.claim?.intent.orderedBy == "kim")
  }

  @Test func oneNodeOfAStoreDrainsItselfAtATime() {
    let rule = Claim.Intent(orderedBy: "auto-drain", isAutomatic: true)
    var node = DisruptionBudget(node: a, siblings: [b, c])
    var others = [DisruptionBudget(node: b, siblings: [a, c]), DisruptionBudget(node: c, siblings: [a, b])]
    let sick = standing(health: .faulty)
    #expect(leave(&node, rule, sick, asking: &others, standing()) == .goes([b, c], doubts: []))
    var second = others[0]
    var rest = [node, others[1]]
    let verdict = leave(&second, rule, sick, asking: &rest, standing())
    #expect(text(verdict).contains("austin-01/c says that austin-01/a has drained itself"))
    // A person may.
    rest = [node, others[1]]
    second = others[0]
    #expect(leave(&second, kim, sick, asking: &rest, standing()) == .goes([c], doubts: []))
  }

  /// The one node that two majorities have in common may be the one that asks.
  @Test func aNodeThatStaysForOneThatDrainedItselfDoesNotDoSoToo() {
    let rule = Claim.Intent(orderedBy: "auto-drain", isAutomatic: true)
    let sick = standing(health: .faulty)
    var node = DisruptionBudget(node: a, siblings: [b, c])
    var others = [DisruptionBudget(node: b, siblings: [a, c])]
    #expect(leave(&node, rule, sick, asking: &others, standing()) == .goes([b], doubts: []))
    var second = others[0]
    var rest = [DisruptionBudget(node: c, siblings: [a, b])]
    let verdict = leave(&second, rule, sick, asking: &rest, standing())
    #expect(text(verdict).contains("it stays for austin-01/a, which has drained itself"))
  }

  @Test func aRuleNeedsMoreThanHalfOfTheStore() {
    let rule = Claim.Intent(orderedBy: "auto-drain", isAutomatic: true)
    let d = NodeName(store: "austin-01", node: "d")
    var node = DisruptionBudget(node: a, siblings: [b, c, d])
    var others = [DisruptionBudget(node: b, siblings: [a, c, d])]
    let verdict = leave(&node, rule, standing(health: .faulty), asking: &others, standing())
    #expect(text(verdict).contains("no majority of the store's nodes agrees"))
  }
}
