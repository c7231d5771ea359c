internal import FleetCore

/// Announces a version to one node and sends what it lacks. A broken link is tried again, from where it broke.
struct ModelTransfer: Sendable {
  enum News: Sendable, Equatable {
    case announcing
    case sending(received: UInt64, total: UInt64)
    case retrying(CommandError)

    var text: String {
      switch self {
      case .announcing: "announcing"
      case .sending(let received, let total):
        "sending \(Format.bytes(Double(received))) of \(Format.bytes(Double(total)))"
      case .retrying(let error): "trying again: \(error.message)"
      }
    }

    /// Part of the bytes that are there; nil when that is not known.
    var fraction: Double? {
      switch self {
      case .announcing: 0
      case .sending(let received, let total): total > 0 ? Double(received) / Double(total) : 1
      case .retrying: nil
      }
    }
  }

  let model: LocalModel
  let agent: any NodeAgent
  /// How often a broken link may interrupt it.
  private static let attempts = 4

  /// Gives the number of bytes that had to be sent.
  func run(_ tell: (News) -> Void) async throws(CommandError) -> UInt64 {
    var backoff = Backoff()
    var sent: UInt64 = 0
    for attempt in 1... {
      do throws(CommandError) {
        tell(.announcing)
        try await send(try await announced(), &sent, tell)
        break
      } catch {
        let isPassing = error.code == .unreachable || error.code == .timeout || error.code == .conflict
        guard isPassing, attempt < Self.attempts, !Task.isCancelled else { throw error }
        tell(.retrying(error))
        try? await Task.sleep(for: backoff.delay())
      }
    }
    return sent
  }

  private func announced() async throws(CommandError) -> [StagedFile] {
    let manifest = model.manifest
    let agent = agent
    let outcome = try await Deadline.run(.seconds(20), "announcing \(model.version)") { () async throws(CommandError) in
      try await agent.execute(.stage(manifest))
    }
    guard case .staged(let files) = outcome else {
      throw CommandError(.failed, "unexpected answer to the announcement")
    }
    return files
  }

  private func send(_ files: [StagedFile], _ sent: inout UInt64, _ tell: (News) -> Void) async throws(CommandError) {
    let total = files.reduce(0) { $0 + $1.totalBytes }
    var there = files.reduce(0) { $0 + $1.receivedBytes }
    let digest = model.manifest.digest
    let agent = agent
    for file in files {
      var offset = file.receivedBytes
      while offset < file.totalBytes {
        if Task.isCancelled { throw CommandError(.conflict, "stopped") }
        tell(.sending(received: there, total: total))
        let count = Int(min(UInt64(FileChunk.maximumBytes), file.totalBytes - offset))
        let bytes = try ModelFile.chunk(of: model, path: file.path, offset: offset, count: count)
        let chunk = FileChunk(digest: digest, path: file.path, offset: offset, bytes: bytes)
        let outcome = try await Deadline.run(.seconds(30), "sending '\(file.path)'") { () async throws(CommandError) in
          try await agent.execute(.write(chunk))
        }
        guard case .written(let received) = outcome, received > offset else {
          throw CommandError(.failed, "'\(file.path)': the node took none of the bytes sent")
        }
        there += received - offset
        sent += received - offset
        offset = received
      }
    }
  }
}
