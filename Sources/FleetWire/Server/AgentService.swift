import FleetCore
import FoundationEssentials
import GRPCCore

/// Puts a `NodeAgent` behind the calls of `fleet.v1`.
struct AgentService<Agent: NodeAgent>: Fleet_V1_NodeAgent.SimpleServiceProtocol {
  let agent: Agent
  /// When the certificate ends that callers see.
  var certificateExpires: Date?
  /// How long a caller may leave a file where it is before the call ends.
  var longestSilence = Duration.seconds(120)

  func describe(request: Fleet_V1_DescribeRequest, context: ServerContext) async throws -> Fleet_V1_NodeDescription {
    try await answering { () async throws(CommandError) in
      var description = try await agent.describe()
      description.certificateExpires = certificateExpires ?? description.certificateExpires
      return Fleet_V1_NodeDescription(description)
    }
  }

  /// One message at a time: `write` returns when the caller has room for it, and the agent's stream keeps only the newest
  /// frames meanwhile. So a caller that reads slowly, or not at all, costs a bounded amount of memory.
  func watch(
    request: Fleet_V1_WatchRequest,
    response: RPCWriter<Fleet_V1_Frame>,
    context: ServerContext
  ) async throws {
    let frames = agent.frames(FrameRequest(wire: request))
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        do {
          for try await frame in frames { try await response.write(Fleet_V1_Frame(frame)) }
        } catch let error as CommandError {
          throw ErrorCoding.status(error)
        }
      }
      // The caller hung up or this agent is stopping.
      group.addTask { try await context.cancellation.cancelled }
      defer { group.cancelAll() }
      try await group.next()
    }
  }

  func stage(request: Fleet_V1_StageRequest, context: ServerContext) async throws -> Fleet_V1_StageReply {
    try await answering { () async throws(CommandError) in
      let signature = try ManifestSignature.optional(wire: request)
      let command = Command.stage(try ModelManifest(wire: request), signature: signature)
      guard case .staged(let files) = try await agent.execute(command) else {
        throw unexpected("stage")
      }
      var reply = Fleet_V1_StageReply(files)
      reply.sendEncodings = agent.sendEncodings.map(Fleet_V1_SendEncoding.init)
      reply.canFetch = agent.canFetch
      return reply
    }
  }

  func write(request: Fleet_V1_WriteRequest, context: ServerContext) async throws -> Fleet_V1_WriteReply {
    try await answering { () async throws(CommandError) in
      guard case .written(let bytes) = try await agent.execute(.write(FileChunk(wire: request))) else {
        throw unexpected("write")
      }
      var reply = Fleet_V1_WriteReply()
      reply.receivedBytes = bytes
      return reply
    }
  }

  func activate(request: Fleet_V1_ActivateRequest, context: ServerContext) async throws -> Fleet_V1_Activation {
    try await answering { () async throws(CommandError) in
      let version = try ModelVersion(wire: request.version, "version")
      let digest = try WireValue.digest(request.digest, "digest")
      guard case .activated(let activation) = try await agent.execute(.activate(version, digest: digest)) else {
        throw unexpected("activate")
      }
      return Fleet_V1_Activation(activation)
    }
  }

  func evaluate(request: Fleet_V1_EvaluateRequest, context: ServerContext) async throws -> Fleet_V1_GoldenResult {
    try await answering { () async throws(CommandError) in
      let version = try ModelVersion(wire: request.version, "version")
      let digest = try WireValue.digest(request.digest, "digest")
      guard case .evaluated(let result) = try await agent.execute(.evaluate(version, digest: digest)) else {
        throw unexpected("evaluate")
      }
      return Fleet_V1_GoldenResult(result)
    }
  }

  func confirm(request: Fleet_V1_ConfirmRequest, context: ServerContext) async throws -> Fleet_V1_ConfirmReply {
    try await answering { () async throws(CommandError) in
      let version = try ModelVersion(wire: request.version, "version")
      let digest = try WireValue.digest(request.digest, "digest")
      guard case .confirmed = try await agent.execute(.confirm(version, digest: digest)) else {
        throw unexpected("confirm")
      }
      return Fleet_V1_ConfirmReply()
    }
  }

  func rollback(request: Fleet_V1_RollbackRequest, context: ServerContext) async throws -> Fleet_V1_Activation {
    try await answering { () async throws(CommandError) in
      let model = try WireValue.modelName(request.model, "model")
      guard case .activated(let activation) = try await agent.execute(.rollback(model: model)) else {
        throw unexpected("rollback")
      }
      return Fleet_V1_Activation(activation)
    }
  }

  func drain(request: Fleet_V1_DrainRequest, context: ServerContext) async throws -> Fleet_V1_DrainReply {
    try await answering { () async throws(CommandError) in
      var order = try DrainOrder(wire: request)
      // Whoever overrules the siblings is known by the certificate, not by what the console says.
      if order.isForced, let caller = CertificateName(calling: context) {
        order.orderedBy += ", with force as \(caller)"
      }
      guard case .draining(let siblings) = try await agent.execute(.drain(order)) else {
        throw unexpected("drain")
      }
      var reply = Fleet_V1_DrainReply()
      reply.handOffTo = siblings.map(\.description)
      return reply
    }
  }

  func undrain(request: Fleet_V1_UndrainRequest, context: ServerContext) async throws -> Fleet_V1_UndrainReply {
    try await answering { () async throws(CommandError) in
      let caller = try WireValue.text(request.orderedBy, "ordered_by")
      guard case .serving = try await agent.execute(.undrain(orderedBy: caller)) else { throw unexpected("undrain") }
      return Fleet_V1_UndrainReply()
    }
  }

  func send(
    request: RPCAsyncSequence<Fleet_V1_SendRequest, any Error>,
    context: ServerContext
  ) async throws -> Fleet_V1_SendReply {
    let incoming = IncomingPieces(request)
    return try await withThrowingTaskGroup(of: Fleet_V1_SendReply.self) { group in
      // Not ended when the caller hangs up: what it had sent is written, so that it need not come again.
      group.addTask {
        try await answering { () async throws(CommandError) in
          let transfer = try FileTransfer(wire: try await incoming.next())
          var reply = Fleet_V1_SendReply()
          reply.receivedBytes = try await agent.send(transfer, incoming.pieces)
          return reply
        }
      }
      group.addTask {
        try await incoming.waitForSilence(of: longestSilence)
        throw ErrorCoding.status(CommandError(.timeout, "nothing more of the file came; what came before is kept"))
      }
      defer { group.cancelAll() }
      guard let reply = try await group.next() else { throw CancellationError() }
      return reply
    }
  }

  func answering<Reply>(_ answer: () async throws(CommandError) -> Reply) async throws -> Reply {
    do {
      return try await answer()
    } catch {
      throw ErrorCoding.status(error)
    }
  }

  private func unexpected(_ command: String) -> CommandError {
    CommandError(.failed, "\(agent.name) gave the outcome of another command to '\(command)'")
  }
}
