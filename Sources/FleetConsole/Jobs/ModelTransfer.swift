internal import FleetCore
internal import FleetTransfer
internal import Foundation

/// Announces a version to one node and brings what it lacks: from a sibling that has it, as deltas against what the node has, or as it
/// is, whichever takes least of the line. On any doubt it goes as it is. A broken link is tried again, from where it broke.
struct ModelTransfer: Sendable {
  let model: LocalModel
  let agent: any NodeAgent
  var pace = TransferPace()
  var deltas: DeltaLibrary?
  /// Nodes of its store that have the version, the likeliest first.
  var siblings: [any NodeAgent] = []
  let ledger = TransferLedger()
  /// How often a broken link may interrupt it.
  private static let attempts = 4

  func run(_ tell: @escaping @Sendable (TransferNews) -> Void) async throws(CommandError) -> Delivery {
    var backoff = Backoff()
    for attempt in 1... {
      do throws(CommandError) {
        try await bring(tell)
        break
      } catch {
        let isPassing = error.code == .unreachable || error.code == .timeout || error.code == .conflict
        guard isPassing, attempt < Self.attempts, !Task.isCancelled else { throw error }
        tell(.retrying(error))
        try? await Task.sleep(for: backoff.delay())
      }
    }
    return ledger.delivery
  }

  private func bring(_ tell: @escaping @Sendable (TransferNews) -> Void) async throws(CommandError) {
    tell(.announcing)
    var files = try await announced()
    ledger.begin(files)
    if try await fetch(files, tell) { files = try await announced() }
    let sender = FileSender(model, pace: pace, ledger: ledger, deltas: try await offers(files, tell))
    try await sender.send(files, to: agent) { progress in
      switch progress {
      case .sent(let received, let total): tell(.sending(received: received, total: total))
      case .delta(let base, let sent, let total): tell(.delta(of: base, sent: sent, total: total))
      case .waiting(let opening): tell(.waiting(until: opening))
      }
    }
  }

  private func announced() async throws(CommandError) -> [StagedFile] {
    let (manifest, signature) = (model.manifest, model.signature)
    let agent = agent
    let outcome = try await Deadline.run(.seconds(20), "announcing \(model.version)") { () async throws(CommandError) in
      try await agent.execute(.stage(manifest, signature: signature))
    }
    guard case .staged(let files) = outcome else {
      throw CommandError(.failed, "unexpected answer to the announcement")
    }
    return files
  }

  /// Whether anything was tried: then the node has more than it said.
  private func fetch(
    _ files: [StagedFile],
    _ tell: @escaping @Sendable (TransferNews) -> Void
  ) async throws(CommandError) -> Bool {
    guard agent.canFetch, files.contains(where: { !$0.isComplete }) else { return false }
    let total = files.reduce(0) { $0 + $1.totalBytes }
    var isTried = false
    for sibling in siblings where ledger.mayUse(sibling.name) {
      guard let address = sibling.siblingAddress else { continue }
      let name = sibling.name
      let order = FetchOrder(
        digest: model.manifest.digest,
        sibling: name,
        address: address,
        bytesPerSecond: pace.limits.node.map { UInt64($0.bytesPerSecond) }
      )
      isTried = true
      do throws(CommandError) {
        try await agent.fetch(order) { tell(.fetching(from: name, received: $0, total: total)) }
        ledger.used(name)
        return true
      } catch {
        // That is the line to the node itself: what its sibling does to it, it says otherwise.
        if Task.isCancelled || error.code == .unreachable { throw error }
        ledger.refuse(name, error.message)
        if error.code == .timeout { throw error }
      }
    }
    return isTried
  }

  /// What the node can make of files that it has.
  private func offers(
    _ files: [StagedFile],
    _ tell: @Sendable (TransferNews) -> Void
  ) async throws(CommandError) -> [String: DeltaOffer] {
    guard let deltas, agent.sendEncodings.contains(.delta) else { return [:] }
    let lacking = Dictionary(uniqueKeysWithValues: files.filter { !$0.isComplete }.map { ($0.path, $0) })
    let wanted = model.manifest.files.filter {
      lacking[$0.path] != nil && $0.bytes >= DeltaLibrary.leastBytes && ledger.mayUseDelta(of: $0.path)
    }
    guard !wanted.isEmpty else { return [:] }
    let agent = agent
    let held = try await Deadline.run(.seconds(20), "asking \(agent.name) what it has") {
      () async throws(CommandError) in try await agent.describe().repository
    }
    guard await deltas.knows(held) else { return [:] }
    tell(.comparing)
    var offers: [String: DeltaOffer] = [:]
    for file in wanted {
      do throws(CommandError) {
        guard let offer = try await deltas.offer(for: file, holding: held), let there = lacking[file.path],
          offer.bytes < there.totalBytes - there.receivedBytes
        else { continue }
        offers[file.path] = offer
      } catch {
        ledger.refuseDelta(of: file.path, "no delta could be made: \(error.message)")
      }
    }
    return offers
  }
}
