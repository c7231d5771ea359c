import FleetCore
import FleetTestSupport

/// A store in memory whose nodes keep their budget over links that lose, delay, repeat and cut. What a real agent does around its
/// budget is done here in the same order: save, then send.
struct BudgetWorld {
  struct Box {
    let name: NodeName
    let siblings: [NodeName]
    var budget: DisruptionBudget
    /// What is on disk: the budget, and whether the node is drained.
    var saved: DisruptionBudget
    var isDrained = false
    /// The agent, and its engine with it.
    var isUp = true
    var isEngineUp = true
    /// Whether its engine has taken the end of the drain.
    var isWarm = true
    var health = Health.healthy
    /// Requests a second of its own clients, and what it could do, by model; a nil capacity is not known.
    let loads: [String: Double]
    let capacities: [String: Double?]
    /// When it last failed, or left by force, which no budget answers for.
    var failed = -1
    /// When its claim was opened.
    var opened = -1

    var serves: Bool { isUp && isEngineUp && !isDrained && isWarm }
  }

  private enum Parcel {
    case request(ClaimRequest)
    case reply(ClaimReply, to: ClaimRequest)
  }

  private struct Message {
    var from: Int
    var to: Int
    var parcel: Parcel
  }

  private static let everyName = (0..<5).map { NodeName(store: "s", node: "\($0)") }
  private static let consoles = ["kim on laptop 1", "lee on laptop 2"]

  private(set) var boxes: [Box] = []
  private var mail: [Message] = []
  private var isCut: [Set<Int>] = []
  private var step = 0
  /// Whether disks and agents hold.
  private var isCalm = false
  private(set) var random: SeededRandom
  /// What must never be, in words.
  private(set) var problems: [String] = []
  private(set) var departures = 0
  private(set) var refusals = 0
  /// Departures that somebody's failure in the meantime kept from being judged.
  private(set) var excused = 0

  init(_ random: SeededRandom) {
    self.random = random
    let count = Int.random(in: 2...4, using: &self.random)
    let names = Array(Self.everyName.prefix(count))
    let models = self.random.chance(0.5) ? ["m"] : ["m", "n"]
    let knows = self.random.chance(0.5)
    for name in names {
      let own = models.filter { _ in self.random.chance(0.9) }
      let siblings = names.filter { $0 != name }
      let budget = DisruptionBudget(node: name, siblings: siblings)
      let loads = Dictionary(
        uniqueKeysWithValues: own.map { ($0, Double(Int.random(in: 1...40, using: &self.random))) }
      )
      let capacities = loads.mapValues { load -> Double? in
        knows || self.random.chance(0.5) ? load + Double(Int.random(in: 0...80, using: &self.random)) : nil
      }
      boxes.append(
        Box(name: name, siblings: siblings, budget: budget, saved: budget, loads: loads, capacities: capacities)
      )
      isCut.append([])
    }
  }

  /// Something happens.
  mutating func turn() {
    step += 1
    let index = Int.random(in: 0..<boxes.count, using: &random)
    switch Int.random(in: 0..<100, using: &random) {
    case 0..<12: order(index)
    case 12..<18: undrain(index)
    case 18..<24: tick(index)
    case 24..<28: boxes[index].isWarm = boxes[index].isWarm || (boxes[index].isUp && boxes[index].isEngineUp)
    case 28..<31: fail(index)
    case 31..<35: mend(index)
    case 35..<37: isCut[index].formSymmetricDifference([Int.random(in: 0..<boxes.count, using: &random)])
    case 37..<38: isCut = isCut.map { _ in [] }
    case 38..<44: decide(index, isLate: random.chance(0.1))
    default: deliver()
    }
  }

  /// Links and boxes are whole again, and operators undrain everything: does all of it come to rest?
  mutating func settle() {
    isCalm = true
    isCut = isCut.map { _ in [] }
    for index in boxes.indices {
      if !boxes[index].isUp { restart(index) }
      boxes[index].isEngineUp = true
      boxes[index].health = .healthy
    }
    for _ in 0..<4 {
      for index in boxes.indices {
        decide(index, isLate: true)
        undrain(index)
        boxes[index].isWarm = true
        tick(index)
      }
      while !mail.isEmpty { deliver(isPerfect: true) }
    }
    for box in boxes {
      if !box.serves { problems.append("\(box.name) does not serve in the end") }
      if let claim = box.budget.claim { problems.append("\(box.name) still has a claim in the end: \(claim)") }
      for promise in box.budget.promises { problems.append("\(box.name) keeps a promise for ever: \(promise)") }
    }
    leaveOnce()
  }

  /// A sick node of a store at rest may go where another serves each of its models.
  private mutating func leaveOnce() {
    let index = Int.random(in: 0..<boxes.count, using: &random)
    boxes[index].health = .faulty
    let box = boxes[index]
    let isCovered = box.loads.keys.allSatisfy { model in
      boxes.contains { $0.name != box.name && $0.loads.keys.contains(model) }
    }
    guard isCovered, !box.loads.isEmpty else { return }
    change(index) { budget, standing in
      budget.ask(Claim.Intent(orderedBy: "kim"), standing)
    }
    boxes[index].opened = step
    while !mail.isEmpty { deliver(isPerfect: true) }
    decide(index, isLate: true)
    if !boxes[index].isDrained { problems.append("\(box.name) is sick and not let go by a store at rest") }
  }

  // MARK: What happens

  private mutating func order(_ index: Int) {
    guard boxes[index].isUp, boxes[index].budget.claim?.stage != .asking, !boxes[index].isDrained else { return }
    let intent = Claim.Intent(
      orderedBy: Self.consoles.randomElement(using: &random) ?? "",
      isForced: random.chance(0.03),
      isAutomatic: random.chance(0.2)
    )
    change(index) { budget, standing in budget.ask(intent, standing) }
    boxes[index].opened = step
  }

  private mutating func decide(_ index: Int, isLate: Bool) {
    guard boxes[index].isUp, boxes[index].budget.claim?.stage == .asking,
      isLate || boxes[index].budget.isAnswered
    else { return }
    var next = boxes[index].budget
    let isForced = next.claim?.intent.isForced == true
    let verdict = next.decide()
    guard save(next, at: index) else { return boxes[index].budget.comeBack() }
    switch verdict {
    case .refused(_, let releases):
      refusals += 1
      send(releases, from: index)
    case .goes:
      // The agent may die before the drain is on disk.
      guard isCalm || !random.chance(0.02) else { return crash(index) }
      departures += 1
      if isForced { boxes[index].failed = step } else { judge(index) }
      boxes[index].isDrained = true
      if next.claim?.intent.isAutomatic == true { judgeAutomatic(index) }
    }
  }

  private mutating func undrain(_ index: Int) {
    guard boxes[index].isUp, boxes[index].isDrained else { return }
    boxes[index].isDrained = false
    boxes[index].isWarm = false
    guard isCalm || !random.chance(0.02) else { return crash(index) }
    boxes[index].budget.comeBack()
    _ = save(boxes[index].budget, at: index)
  }

  private mutating func tick(_ index: Int) {
    guard boxes[index].isUp else { return }
    change(index) { budget, standing in budget.tick(standing) }
  }

  private mutating func fail(_ index: Int) {
    boxes[index].failed = step
    switch Int.random(in: 0...3, using: &random) {
    case 0: crash(index)
    case 1: boxes[index].isEngineUp = false
    case 2: boxes[index].health = .degraded
    default: boxes[index].health = .faulty
    }
  }

  private mutating func mend(_ index: Int) {
    if !boxes[index].isUp { restart(index) }
    boxes[index].isEngineUp = true
    if random.chance(0.5) { boxes[index].health = .healthy }
  }

  private mutating func crash(_ index: Int) {
    boxes[index].failed = step
    boxes[index].isUp = false
  }

  private mutating func restart(_ index: Int) {
    let box = boxes[index]
    boxes[index].isUp = true
    boxes[index].isWarm = true
    boxes[index].budget = DisruptionBudget(
      saved: box.saved,
      node: box.name,
      siblings: box.siblings,
      isAway: box.isDrained,
      orderedBy: "?"
    )
  }

  // MARK: Disk and links

  private mutating func change(_ index: Int, _ body: (inout DisruptionBudget, Standing) -> [ClaimEnvelope]) {
    var next = boxes[index].budget
    let envelopes = body(&next, standing(index))
    guard save(next, at: index) else { return }
    send(envelopes, from: index)
  }

  private mutating func save(_ next: DisruptionBudget, at index: Int) -> Bool {
    // A full disk: nothing has happened then.
    guard isCalm || !random.chance(0.01) else { return false }
    boxes[index].budget = next
    boxes[index].saved = next
    return true
  }

  private mutating func send(_ envelopes: [ClaimEnvelope], from index: Int) {
    for envelope in envelopes {
      guard let to = boxes.firstIndex(where: { $0.name == envelope.to }) else { continue }
      mail.append(Message(from: index, to: to, parcel: .request(envelope.request)))
    }
  }

  private mutating func deliver(isPerfect: Bool = false) {
    guard !mail.isEmpty else { return }
    let place = isPerfect ? 0 : Int.random(in: 0..<mail.count, using: &random)
    let message = mail[place]
    if isPerfect || !random.chance(0.05) { mail.remove(at: place) }
    guard isPerfect || !(isCut[message.from].contains(message.to) || random.chance(0.1)) else { return }
    guard boxes[message.to].isUp else { return }
    let caller = boxes[message.from].name
    switch message.parcel {
    case .request(let request):
      var next = boxes[message.to].budget
      let reply = next.answer(request, from: caller, standing(message.to))
      guard save(next, at: message.to) else { return }
      mail.append(Message(from: message.to, to: message.from, parcel: .reply(reply, to: request)))
    case .reply(let reply, let request):
      change(message.to) { budget, _ in
        budget.take(reply, to: request, from: caller)
        return []
      }
    }
  }

  private func standing(_ index: Int) -> Standing {
    let box = boxes[index]
    let models = box.loads.keys.sorted().map { model in
      let capacity = box.capacities[model].flatMap(\.self)
      return ModelCapacity(
        model: model,
        perSecond: capacity.map { .estimated($0) } ?? .absent("too little traffic"),
        load: .measured(load(of: model, on: index))
      )
    }
    return Standing(isServing: box.serves, health: box.health, models: models)
  }

  /// With its part of those who do not serve.
  private func load(of model: String, on index: Int) -> Double {
    guard let own = boxes[index].loads[model] else { return 0 }
    let served = boxes.filter { $0.loads.keys.contains(model) }
    let serving = served.count(where: \.serves)
    guard boxes[index].serves, serving > 0 else { return own }
    return own + served.lazy.filter { !$0.serves }.reduce(0) { $0 + ($1.loads[model] ?? 0) } / Double(serving)
  }

  // MARK: What must hold

  private mutating func judge(_ index: Int) {
    let box = boxes[index]
    let others = boxes.filter { $0.name != box.name }
    if box.budget.claim?.intent.orderedBy.isEmpty ?? true {
      problems.append("\(box.name) left, and nobody says by whom")
    }
    // Whoever promised was there when it promised; that it failed since is nobody's will.
    guard others.allSatisfy({ $0.failed < box.opened }) else { return excused += 1 }
    for model in box.loads.keys {
      let serving = boxes.indices.filter { other in
        other != index && boxes[other].serves && boxes[other].loads.keys.contains(model)
          && boxes[other].health != .faulty
      }
      if serving.isEmpty { problems.append("\(box.name) left, and nobody serves '\(model)' (step \(step))") }
      guard box.budget.claim?.health != .faulty, box.failed < box.opened else { continue }
      var spare = 0.0
      var isKnown = true
      for other in serving {
        guard let capacity = boxes[other].capacities[model].flatMap(\.self) else {
          isKnown = false
          break
        }
        // What is too much already is not of this departure.
        spare += max(0, capacity - load(of: model, on: other))
      }
      let taken = load(of: model, on: index)
      if isKnown, spare < taken - 0.001 {
        problems.append("\(box.name) left \(taken)/s of '\(model)' to those who can do \(spare)/s (step \(step))")
      }
    }
  }

  /// Of those that drained themselves a store has one at a time.
  private mutating func judgeAutomatic(_ index: Int) {
    let others = boxes.filter { $0.name != boxes[index].name && $0.isDrained }
    for other in others
    where other.budget.claim?.intent.isAutomatic == true || other.saved.claim?.intent.isAutomatic == true {
      let isForced = boxes[index].budget.claim?.intent.isForced == true || other.saved.claim?.intent.isForced == true
      if !isForced { problems.append("\(boxes[index].name) drained itself beside \(other.name)") }
    }
  }
}
