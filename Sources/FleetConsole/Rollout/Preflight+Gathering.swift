package import FleetCore
internal import FoundationEssentials

extension Preflight {
  /// How many nodes are asked at once.
  private static let atOnce = 64

  /// Asks every node of the plan, side by side, each for no longer than `limit`.
  package init(
    _ plan: RolloutPlan,
    model: LocalModel,
    agents: AgentDirectory,
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
    self.init(plan, model: model, facts: facts, rules: PreflightRules(manifest: model.manifest))
  }

  init(_ plan: RolloutPlan, model: LocalModel, facts: [PreflightFacts], rules: PreflightRules) {
    version = plan.version
    digest = plan.digest
    strategy = plan.strategy.name
    gate = plan.strategy.gate.description
    versionBytes = model.manifest.totalBytes
    waves = plan.waves.enumerated().map { index, stores in
      Wave(
        number: index + 1,
        stores: stores.map(\.name),
        nodes: stores.reduce(0) { $0 + $1.nodes.count },
        bytes: facts.reduce(0) { $1.wave == index + 1 ? $0 + rules.bytes(for: $1) : $0 }
      )
    }
    skipped = facts.filter(rules.isServing).map(\.node)
    problems = facts.flatMap(rules.problems)
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
