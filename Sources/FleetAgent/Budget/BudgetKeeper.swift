package import FleetCore
import FoundationEssentials
package import Logging
import ServiceLifecycle

/// Holds the node's part in the store's budget: asks siblings before it leaves, makes promises to those that ask, and keeps both on
/// disk. Nothing is said before it is there.
package actor BudgetKeeper: Service {
  /// How often promises and an open claim are looked after.
  static let interval: Duration = .seconds(3)
  /// So long a sibling may take to answer.
  static let deadline: Duration = .seconds(2)

  private let node: NodeName
  /// All siblings, and how to reach those whose control address is known.
  private let siblings: [NodeName]
  private let links: [NodeName: any NodeAgent]
  private let file: StateFile<DisruptionBudget>
  private let ledgerFile: StateFile<AutoDrainLedger>
  /// Share of the store's nodes that may drain themselves in an hour.
  private let perHour: Double
  private let clock: AgentClock
  private let log: Logger
  private var budget: DisruptionBudget
  private var ledger = AutoDrainLedger()
  private var standing = Standing(isServing: false)
  private var isChanging = false
  private var waiting: [CheckedContinuation<Void, Never>] = []

  package init(
    node: NodeName,
    siblings: [NodeName],
    links: [NodeName: any NodeAgent],
    perHour: Double = AutoDrainRule().perHour,
    stateDirectory: String,
    clock: AgentClock,
    log: Logger,
    disk: Disk = Disk()
  ) throws {
    self.node = node
    self.siblings = siblings
    self.links = links
    self.perHour = perHour
    file = try StateFile(path: "\(stateDirectory)/budget.json", disk: disk)
    ledgerFile = try StateFile(path: "\(stateDirectory)/auto-drains.json", disk: disk)
    self.clock = clock
    self.log = log
    budget = DisruptionBudget(node: node, siblings: siblings.filter { links[$0] != nil })
  }

  /// Whether every sibling can be asked. Else a drain goes by whether siblings answer their clients, as it did before there were budgets.
  package nonisolated var decides: Bool { siblings.allSatisfy { links[$0] != nil } }

  /// Whether it has no claim and stays for nobody.
  package var isFree: Bool { budget.claim == nil && budget.promises.isEmpty }

  /// Takes up where the agent before left off. Once, before anybody asks.
  package func open(isAway: Bool, orderedBy: String) async {
    var saved: DisruptionBudget?
    do {
      saved = try await file.load()
    } catch {
      log.error("budget.json cannot be read, so this node knows of no promises: \(JSONText.describe(error))")
    }
    do {
      ledger = try await ledgerFile.load() ?? ledger
    } catch {
      log.error("auto-drains.json cannot be read, so this node knows of no drains by rule: \(JSONText.describe(error))")
    }
    budget = DisruptionBudget(
      saved: saved,
      node: node,
      siblings: budget.siblings,
      isAway: isAway,
      orderedBy: orderedBy
    )
    for promise in budget.promises { log.notice("stays for \(promise.owner), drained by \(promise.orderedBy)") }
    if !decides {
      let unknown = siblings.filter { links[$0] == nil }.map(\.description).joined(separator: ", ")
      log.notice("the control address of \(unknown) is not told: siblings are not asked before a drain")
    }
  }

  /// What is known of the node now.
  package func note(_ standing: Standing) {
    self.standing = standing
    guard standing.isServing, budget.claim?.stage == .returning, !isChanging else { return }
    // It serves again: those who stay for it need not wait to hear of it.
    Task { await self.look() }
  }

  /// Asks the siblings whether this node may leave; who stays for it. Throws `.refused`, with who does not and what to do.
  /// One order at a time.
  package func leave(_ intent: Claim.Intent) async throws(CommandError) -> [NodeName] {
    if intent.isAutomatic, let objection = objection(to: node) {
      throw CommandError(.refused, "\(node) \(objection)")
    }
    do throws(CommandError) {
      return try await ask(intent)
    } catch {
      // Where the disk failed the claim must not stay open.
      if error.code != .refused { await comeBack() }
      throw error
    }
  }

  private func ask(_ intent: Claim.Intent) async throws(CommandError) -> [NodeName] {
    let (standing, number) = (standing, UInt64(max(0, clock.date().timeIntervalSince1970 * 1000)))
    let questions = try await change { $0.ask(intent, standing, number: number) }
    await withTaskGroup { group in
      for question in questions {
        group.addTask { await self.ask(question) }
      }
    }
    switch try await change({ $0.decide() }) {
    case .goes(let guardians, let doubts):
      for doubt in doubts { log.notice("leaves, though \(doubt)") }
      if intent.isAutomatic { await note(node) }
      return guardians
    case .refused(let refusal, let releases):
      Task { await self.send(releases) }
      throw CommandError(.refused, refusal.text)
    }
  }

  /// The drain is over, or did not come to be.
  package func comeBack() async {
    do throws(CommandError) {
      try await change { $0.comeBack() }
    } catch {
      // The next agent sees by the drain that it is over.
      budget.comeBack()
      log.warning("\(error)")
    }
  }

  package func answer(_ request: ClaimRequest, from caller: NodeName) async throws(CommandError) -> ClaimReply {
    if request.intent.isAutomatic {
      if request.kind == .ask, let objection = objection(to: caller) {
        return ClaimReply(number: request.number, answer: .refused(ClaimRefusal(.automatic, objection)))
      }
      // It has left.
      if request.kind == .renew { await note(caller) }
    }
    let standing = standing
    return try await change { $0.answer(request, from: caller, standing) }
  }

  private func objection(to node: NodeName) -> String? {
    let now = clock.date().timeIntervalSince1970
    return ledger.objection(to: node, at: now, perHour: perHour, nodes: siblings.count + 1)
  }

  /// A node of the store has drained itself.
  private func note(_ node: NodeName) async {
    let before = ledger
    ledger.note(node, at: clock.date().timeIntervalSince1970)
    guard ledger != before else { return }
    do {
      try await ledgerFile.save(ledger)
    } catch {
      log.warning("that \(node) has drained itself is not on disk: \(error)")
    }
  }

  package func run() async throws {
    await cancelWhenGracefulShutdown {
      while !Task.isCancelled {
        try? await Task.sleep(for: Self.interval)
        await self.look()
      }
    }
  }

  private func look() async {
    guard budget.claim != nil || !budget.promises.isEmpty else { return }
    let standing = standing
    guard let requests = try? await change({ $0.tick(standing) }) else { return }
    await send(requests)
  }

  private func send(_ requests: [ClaimEnvelope]) async {
    await withTaskGroup { group in
      for request in requests {
        group.addTask { await self.ask(request) }
      }
    }
  }

  /// Sends a request and takes the answer, or that there was none.
  private func ask(_ envelope: ClaimEnvelope) async {
    guard let link = links[envelope.to] else { return }
    let (request, node) = (envelope.request, node)
    var reply: ClaimReply?
    do throws(CommandError) {
      reply = try await link.answer(request, from: node)
    } catch {
      // Silence says nothing of the sibling. An older fleetd, or one without a disk, says why.
      if error.code != .unreachable, error.code != .timeout {
        let refusal = ClaimRefusal(.failed, "makes no promise: \(error.message)")
        reply = ClaimReply(number: request.number, answer: .refused(refusal))
      }
    }
    let answer = reply
    _ = try? await change { $0.take(answer, to: request, from: envelope.to) }
  }

  /// One change after the other, each on disk before anybody hears of it.
  private func change<Result>(
    _ body: (inout DisruptionBudget) -> Result
  ) async throws(CommandError) -> Result {
    while isChanging { await withCheckedContinuation { waiting.append($0) } }
    isChanging = true
    defer {
      isChanging = false
      if !waiting.isEmpty { waiting.removeFirst().resume() }
    }
    var next = budget
    let result = body(&next)
    let kept = next.kept
    if kept != budget.kept {
      do {
        try await file.save(kept)
      } catch {
        throw CommandError(.failed, "cannot keep its promises on disk: \(error)")
      }
    }
    budget = next
    return result
  }
}
