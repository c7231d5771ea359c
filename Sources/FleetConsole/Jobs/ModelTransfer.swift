internal import FleetCore
internal import Foundation

/// Announces a version to one node and sends what it lacks. A broken link is tried again, from where it broke.
struct ModelTransfer: Sendable {
  enum News: Sendable, Equatable {
    case announcing
    case sending(received: UInt64, total: UInt64)
    /// The store's hours are over.
    case waiting(until: Date)
    case retrying(CommandError)

    var text: String {
      switch self {
      case .announcing: "announcing"
      case .sending(let received, let total):
        "sending \(Format.bytes(Double(received))) of \(Format.bytes(Double(total)))"
      case .waiting(let opening): "waits until \(opening.formatted()) for the store's hours"
      case .retrying(let error): "trying again: \(error.message)"
      }
    }

    /// Part of the bytes that are there; nil when that is not known.
    var fraction: Double? {
      switch self {
      case .announcing: 0
      case .sending(let received, let total): total > 0 ? Double(received) / Double(total) : 1
      case .waiting, .retrying: nil
      }
    }
  }

  let model: LocalModel
  let agent: any NodeAgent
  var pace = TransferPace()
  /// How often a broken link may interrupt it.
  private static let attempts = 4

  /// Gives the number of bytes that had to be sent. `holds` is told how many are there, each time that the node says so.
  func run(
    holds: @escaping @Sendable (UInt64) -> Void = { _ in },
    _ tell: @escaping @Sendable (News) -> Void
  ) async throws(CommandError) -> UInt64 {
    var backoff = Backoff()
    var missing: UInt64?
    for attempt in 1... {
      do throws(CommandError) {
        tell(.announcing)
        let files = try await announced()
        missing = missing ?? files.reduce(0) { $0 + ($1.totalBytes - $1.receivedBytes) }
        holds(files.reduce(0) { $0 + $1.receivedBytes })
        try await FileSender(model, pace: pace).send(files, to: agent) { progress in
          switch progress {
          case .sent(let received, let total): tell(.sending(received: received, total: total))
          case .waiting(let opening): tell(.waiting(until: opening))
          }
        }
        break
      } catch {
        let isPassing = error.code == .unreachable || error.code == .timeout || error.code == .conflict
        guard isPassing, attempt < Self.attempts, !Task.isCancelled else { throw error }
        tell(.retrying(error))
        try? await Task.sleep(for: backoff.delay())
      }
    }
    return missing ?? 0
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
}
