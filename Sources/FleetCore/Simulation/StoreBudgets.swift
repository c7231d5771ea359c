import FoundationEssentials

/// The budgets and the auto-drain of a simulated store's boxes: the machines of real agents, over links that never break.
struct StoreBudgets: Sendable {
  private struct Box: Sendable {
    var budget: DisruptionBudget
    var autoDrain = AutoDrain()
    var ledger = AutoDrainLedger()
    var sight: AutoDrain.Sight?
    var trialShare = 0.0
    /// Nil of a box that nobody has looked at yet.
    var standing: Standing?

    /// A box that nobody has looked at serves what it is asked for, and nothing is known of its load.
    func standing(for needs: [ModelNeed]) -> Standing {
      let unknown = Reading.absent("nobody has looked yet")
      let models = needs.map { ModelCapacity(model: $0.model, perSecond: unknown, load: unknown) }
      return standing ?? Standing(isServing: true, models: models)
    }

    mutating func answer(_ request: ClaimRequest, from caller: NodeName) -> ClaimReply {
      budget.answer(request, from: caller, standing(for: request.needs))
    }
  }

  private let rule: AutoDrainRule
  private var boxes: [NodeName: Box]

  init(_ names: [NodeName], rule: AutoDrainRule) {
    self.rule = rule
    boxes = Dictionary(
      uniqueKeysWithValues: names.map { name in
        (name, Box(budget: DisruptionBudget(node: name, siblings: names.filter { $0 != name })))
      }
    )
  }

  /// Asks the others; who stays for it. Throws `.refused`.
  mutating func leave(
    _ node: NodeName,
    _ intent: Claim.Intent,
    at seconds: Double
  ) throws(CommandError) -> [NodeName] {
    guard var box = boxes[node] else { return [] }
    let nodes = boxes.count
    if intent.isAutomatic {
      let objection = box.ledger.objection(to: node, at: seconds, perHour: rule.perHour, nodes: nodes)
      if let objection { throw CommandError(.refused, "\(node) \(objection)") }
    }
    for envelope in box.budget.ask(intent, box.standing(for: []), number: UInt64(max(0, seconds * 1000))) {
      guard var other = boxes[envelope.to] else { continue }
      var reply = other.answer(envelope.request, from: node)
      let objection = other.ledger.objection(to: node, at: seconds, perHour: rule.perHour, nodes: nodes)
      if intent.isAutomatic, let objection {
        _ = other.answer(ClaimRequest(kind: .release, number: envelope.request.number), from: node)
        reply = ClaimReply(number: reply.number, answer: .refused(ClaimRefusal(.automatic, objection)))
      }
      boxes[envelope.to] = other
      box.budget.take(reply, to: envelope.request, from: envelope.to)
    }
    let verdict = box.budget.decide()
    boxes[node] = box
    switch verdict {
    case .goes(let guardians, _):
      if intent.isAutomatic {
        for name in guardians + [node] { boxes[name]?.ledger.note(node, at: seconds) }
      }
      return guardians
    case .refused(let refusal, let releases):
      send(releases, from: node)
      throw CommandError(.refused, refusal.text)
    }
  }

  mutating func comeBack(_ node: NodeName) { boxes[node]?.budget.comeBack() }

  /// The share of its requests that a box answers on trial, from 0 to 1.
  func trialShare(of node: NodeName) -> Double { boxes[node]?.trialShare ?? 0 }

  /// Has a box that is about to drain itself stay. Throws `.refused` when it is not about to.
  mutating func hold(_ node: NodeName, because reason: String) throws(CommandError) {
    guard let sight = boxes[node]?.sight, boxes[node]?.autoDrain.held(reason, sight) == true else {
      throw CommandError(.refused, "\(node) is not about to drain itself")
    }
  }

  /// Takes a box's new frame, and has the box do what the rule for auto-drain says.
  mutating func observe(_ frame: inout Frame) {
    guard var box = boxes[frame.node] else { return }
    let seconds = frame.time.timeIntervalSince1970
    let standing = Standing(frame, isServing: true)
    box.standing = standing
    let requests = box.budget.tick(standing)
    boxes[frame.node] = box
    send(requests, from: frame.node)
    let sight = AutoDrain.Sight(frame, seconds: seconds)
    boxes[frame.node]?.sight = sight
    let action = boxes[frame.node]?.autoDrain.observe(sight, rule)
    boxes[frame.node]?.trialShare = if case .takeOnTrial(let share)? = action { share } else { 0 }
    switch action {
    case .drain(let reason)?: drain(&frame, reason, sight)
    case .takeOnTrial(let share)?: if share > 0 { frame.availability = .draining }
    case .undrain?:
      frame.availability = .serving
      frame.drain = nil
      comeBack(frame.node)
    case .none?, nil: break
    }
    frame.autoDrain = boxes[frame.node]?.autoDrain.status(rule.mode)
  }

  private mutating func drain(_ frame: inout Frame, _ reason: String, _ sight: AutoDrain.Sight) {
    do throws(CommandError) {
      let intent = Claim.Intent(orderedBy: AutoDrain.orderedBy, isAutomatic: true)
      _ = try leave(frame.node, intent, at: frame.time.timeIntervalSince1970)
      frame.availability = .draining
      frame.drain = DrainStatus(
        reason: reason,
        orderedBy: AutoDrain.orderedBy,
        since: frame.time,
        deadline: frame.time.addingTimeInterval(DrainOrder.defaultDeadline.seconds),
        isForced: false
      )
      boxes[frame.node]?.autoDrain.ordered(reason, sight)
    } catch {
      boxes[frame.node]?.autoDrain.refused(error.message, sight)
    }
  }

  private mutating func send(_ envelopes: [ClaimEnvelope], from node: NodeName) {
    for envelope in envelopes {
      guard var other = boxes[envelope.to] else { continue }
      let reply = other.answer(envelope.request, from: node)
      boxes[envelope.to] = other
      boxes[node]?.budget.take(reply, to: envelope.request, from: envelope.to)
    }
  }
}
