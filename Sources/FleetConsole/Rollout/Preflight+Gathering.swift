package import FleetCore
internal import Foundation

extension Preflight {
  /// How many nodes are asked at once.
  private static let atOnce = 64

  /// Asks every node of the plan, side by side, each for no longer than `limit`.
  package init(
    _ plan: RolloutPlan,
    model: LocalModel,
    agents: AgentDirectory,
    hours: StoreHours = .always,
    limit: Duration = .seconds(5)
  ) async {
    let nodes = plan.waves.enumerated().flatMap { index, stores in
      stores.flatMap(\.nodes).map { (node: $0, wave: index + 1) }
    }
    let limiter = Limiter(Self.atOnce)
    let facts = await withTaskGroup(of: (Int, PreflightFacts).self) { group in
      for (index, entry) in nodes.enumerated() {
        group.addTask {
          let answer = await Self.answer(of: entry.node, agents, limiter, limit)
          let now = Date().timeIntervalSince1970
          return (index, PreflightFacts(node: entry.node, wave: entry.wave, answer: answer, seconds: now))
        }
      }
      var facts: [(Int, PreflightFacts)] = []
      for await fact in group { facts.append(fact) }
      return facts.sorted { $0.0 < $1.0 }.map(\.1)
    }
    let deliveries = await PreflightWays(model, agents: agents, deltas: DeltaLibrary(for: model)).deliveries(facts)
    let problems = VersionRules(model: model, gate: plan.strategy.gate).problems
    self.init(plan, model: model, facts: facts, deliveries: deliveries, hours: hours, versionProblems: problems)
  }

  /// `deliveries` is how the version would come to each node of `facts`.
  init(
    _ plan: RolloutPlan,
    model: LocalModel,
    facts: [PreflightFacts],
    deliveries: [Delivery],
    hours: StoreHours,
    versionProblems: [VersionProblem]
  ) {
    let rules = PreflightRules(model: model)
    let line = LineEstimate(plan.strategy)
    simulated = facts.contains(where: \.isSimulated)
    version = plan.version
    digest = plan.digest
    strategy = plan.strategy.name
    gate = plan.strategy.gate.description
    versionBytes = model.manifest.totalBytes
    window = plan.strategy.window?.description
    let now = Date()
    closed = plan.stores.compactMap { store in
      guard let own = hours[store.name], let zone = hours.zone(of: store.name), !own.isOpen(at: now) else { return nil }
      return Closed(store: store.name, timezone: zone, opens: own.opening(from: now).timeIntervalSince1970)
    }
    let ways = zip(facts, deliveries).map { (facts: $0, bytes: $1.sentBytes) }
    let byWave = Dictionary(grouping: ways, by: \.facts.wave)
    waves = plan.waves.enumerated().map { index, stores in
      let perStore = Dictionary(grouping: byWave[index + 1] ?? [], by: \.facts.node.store)
        .mapValues { $0.reduce(0) { $0 + $1.bytes } }
      return Wave(
        number: index + 1,
        stores: stores.map(\.name),
        nodes: stores.reduce(0) { $0 + $1.nodes.count },
        bytes: perStore.values.reduce(0, +),
        seconds: line.seconds(perStore.values.map { $0 })
      )
    }
    self.ways = Way.grouped(deliveries)
    skipped = facts.filter(rules.isServing).map(\.node)
    self.versionProblems = versionProblems
    problems = ways.flatMap { facts, bytes in
      rules.problems(of: facts)
        + rules.slowness(of: facts, bytes, line, storesAtOnce: plan.waves[facts.wave - 1].count)
    }
  }

  private static func answer(
    of node: NodeName,
    _ agents: AgentDirectory,
    _ limiter: Limiter,
    _ limit: Duration
  ) async -> PreflightFacts.Answer {
    let agent: any NodeAgent
    do { agent = try agents.agent(node) } catch { return .unknown(error) }
    do throws(CommandError) {
      return try await limiter.run { () async throws(CommandError) in
        let description = try await Deadline.run(limit, "its description") { () async throws(CommandError) in
          try await agent.describe()
        }
        return .known(description, frame: await frame(of: agent, limit))
      }
    } catch {
      return .unreachable(error)
    }
  }

  private static func frame(of agent: any NodeAgent, _ limit: Duration) async -> Result<Frame, CommandError> {
    do throws(CommandError) {
      return .success(try await FrameFeed.watch(agent, every: .seconds(1), silence: limit) { $0 })
    } catch {
      return .failure(error)
    }
  }
}
