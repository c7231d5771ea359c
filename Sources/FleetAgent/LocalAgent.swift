package import FleetCore
package import FleetWire
import FoundationEssentials
package import Logging

/// The box itself, seen as an agent: what the control API serves.
package actor LocalAgent: NodeAgent {
  package nonisolated let name: NodeName
  private let description: NodeDescription
  let repository: ModelRepository
  private let signatures: SignatureKeeper
  private let supervisor: EngineSupervisor
  private let drain: DrainKeeper
  private let changes: ChangeLog
  private let budget: BudgetKeeper
  private let autoDrain: AutoDrainKeeper
  private let hub: FrameHub
  private let activator: Activator
  private let examiner: GoldenExaminer
  private let clock: AgentClock
  /// What it shows siblings; nil when it fetches from none.
  nonisolated let credentials: Credentials?
  private var commands: CommandLog
  /// The state of the repository that the engine was told of last.
  private var toldRevision: UInt64 = 0

  package init(
    description: NodeDescription,
    repository: ModelRepository,
    signatures: SignatureKeeper,
    supervisor: EngineSupervisor,
    drain: DrainKeeper,
    changes: ChangeLog,
    budget: BudgetKeeper,
    autoDrain: AutoDrainKeeper,
    hub: FrameHub,
    memory: SwitchMemory,
    options: [String: ModelOptions] = [:],
    credentials: Credentials? = nil,
    clock: AgentClock,
    log: Logger
  ) {
    name = description.name
    self.description = description
    self.repository = repository
    self.signatures = signatures
    self.supervisor = supervisor
    self.drain = drain
    self.changes = changes
    self.budget = budget
    self.autoDrain = autoDrain
    self.hub = hub
    self.clock = clock
    self.credentials = credentials
    activator = Activator(
      repository: repository,
      supervisor: supervisor,
      drain: drain,
      memory: memory,
      options: options,
      log: log
    )
    examiner = GoldenExaminer(repository: repository, supervisor: supervisor)
    commands = CommandLog(log: log)
  }

  package func describe() async throws(CommandError) -> NodeDescription {
    var description = description
    description.repository = await repository.entries
    description.sendEncodings = sendEncodings
    description.canFetch = canFetch
    description.changes = await changes.changes
    return description
  }

  package nonisolated func frames(_ request: FrameRequest) -> AsyncThrowingStream<Frame, any Error> {
    hub.frames(request)
  }

  /// Ends the streams of all watchers, when the agent ends.
  package nonisolated func endFrames() {
    hub.end()
  }

  package func answer(_ request: ClaimRequest, from caller: NodeName) async throws(CommandError) -> ClaimReply {
    try await budget.answer(request, from: caller)
  }

  package func holdAutoDrain(because reason: String) async throws(CommandError) {
    try await autoDrain.hold(because: reason)
  }

  package func execute(_ command: Command) async throws(CommandError) -> Outcome {
    let result: Result<Outcome, CommandError>
    do throws(CommandError) {
      result = .success(try await carryOut(command))
    } catch {
      result = .failure(error)
    }
    // Also when it failed: room may have been made for what then did not come.
    await tellOfRepository()
    commands.note(command, result, at: clock.date())
    if case .success(let outcome) = result, let change = NodeChange(command, outcome, at: clock.date()) {
      await changes.note(change)
    }
    return try result.get()
  }

  /// What came or went may have to be loaded or unloaded.
  func tellOfRepository() async {
    let revision = await repository.revision
    guard revision != toldRevision else { return }
    toldRevision = revision
    await supervisor.tellCatalog()
  }

  private func carryOut(_ command: Command) async throws(CommandError) -> Outcome {
    switch command {
    case .stage(let manifest, let signature):
      try await signatures.admit(manifest, signature, to: await repository.entries)
      await letStreamEnd(of: manifest.digest)
      return .staged(try await repository.stage(manifest))
    case .write(let chunk): return .written(receivedBytes: try await repository.write(chunk))
    case .activate(let version, let digest):
      try await signatures.checkActivation(of: version, digest: digest, in: await repository.entries)
      return .activated(try await activator.activate(version, digest: digest))
    case .evaluate(let version, let digest):
      return .evaluated(try await examiner.evaluate(version, digest: digest))
    case .confirm(let version, let digest):
      try await repository.confirm(version, digest: digest)
      return .confirmed
    case .rollback(let model):
      try await signatures.checkRollback(of: model, in: await repository.entries)
      return .activated(try await activator.rollback(model))
    case .drain(let order): return .draining(handOffTo: try await drain.drain(order))
    case .undrain:
      try await drain.undrain()
      return .serving
    }
  }
}
