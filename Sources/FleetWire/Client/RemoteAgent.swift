package import FleetCore
import GRPCCore
import GRPCNIOTransportHTTP2
import NIOCore
import NIOSSL
import Synchronization

/// A node's agent, called over the wire. All calls share one connection, which is made at the first call, kept, and made
/// anew when it breaks. Calls fail with words for an operator and never later than their deadline.
package final class RemoteAgent: NodeAgent {
  package let name: NodeName
  package let address: String
  let deadlines: Deadlines
  let client: GRPCClient<HTTP2ClientTransport.Posix>
  let trouble = LinkTrouble()
  let words: LinkWords
  private let isRunning = Mutex(false)
  private let ways = Mutex(Ways())

  /// How the node takes files, as far as it has told.
  private struct Ways {
    var encodings: Set<FileTransfer.Encoding> = []
    var canFetch = false
  }

  typealias Calls = Fleet_V1_NodeAgent.Client<HTTP2ClientTransport.Posix>

  /// Dials nobody yet. Throws `.invalid` when `address` is not HOST:PORT. `window` is how many bytes may be on their way here at once:
  /// small, so that a console which stops reading finds few stale frames when it reads on.
  package init(
    name: NodeName,
    address: String,
    credentials: Credentials,
    deadlines: Deadlines = Deadlines(),
    window: Int = 1 << 16
  ) throws(CommandError) {
    self.name = name
    self.address = address
    self.deadlines = deadlines
    let target = try PeerAddress(parsing: address).target
    let words = LinkWords(node: name, address: address, credentials: credentials)
    let check = ServerIdentityCheck(expected: name, address: address, credentials: credentials)
    self.words = words
    do {
      client = GRPCClient(
        transport: try HTTP2ClientTransport.Posix(
          target: target,
          transportSecurity: .mTLS(
            certificateChain: credentials.certificateChain,
            privateKey: credentials.privateKey
          ) { [trouble] tls in
            tls.trustRoots = credentials.trustRoots
            tls.serverCertificateVerification = .noHostnameVerification
            tls.customVerificationCallback = check.callback(reportingTo: trouble)
          },
          config: Self.config(deadlines: deadlines, window: window, trouble: trouble, words: words)
        )
      )
    } catch {
      throw CommandError(.failed, "\(name) at \(address): no connection can be prepared: \(error)")
    }
  }

  deinit {
    client.beginGracefulShutdown()
  }

  /// Ends the connection once the calls in progress are over. Later calls fail.
  package func close() {
    client.beginGracefulShutdown()
  }

  package func describe() async throws(CommandError) -> NodeDescription {
    let reply = try await call("describe", deadlines.command) { (calls, options) in
      try await calls.describe(Fleet_V1_DescribeRequest(), options: options)
    }
    let description = try read("a description") { () throws(CommandError) in try NodeDescription(wire: reply) }
    // One that tells only when a version is announced says nothing here.
    if !description.sendEncodings.isEmpty { learn(description.sendEncodings, canFetch: description.canFetch) }
    return description
  }

  package func execute(_ command: Command) async throws(CommandError) -> Outcome {
    switch command {
    case .stage(let manifest, let signature):
      let reply = try await call("stage", deadlines.command) { (calls, options) in
        try await calls.stage(Fleet_V1_StageRequest(manifest, signature: signature), options: options)
      }
      learn(FileTransfer.Encoding.known(reply.sendEncodings), canFetch: reply.canFetch)
      return try read("an answer") { () throws(CommandError) in .staged(try StagedFile.list(wire: reply)) }
    case .write(let chunk):
      let reply = try await call("write", deadlines.write) { (calls, options) in
        try await calls.write(Fleet_V1_WriteRequest(chunk), options: options)
      }
      return try read("an answer") { () throws(CommandError) in
        .written(receivedBytes: try WireValue.count(reply.receivedBytes, "received_bytes"))
      }
    case .activate(let version, let digest):
      let reply = try await call("activate", deadlines.activate) { (calls, options) in
        try await calls.activate(Fleet_V1_ActivateRequest(version, digest: digest), options: options)
      }
      return try read("an answer") { () throws(CommandError) in .activated(try Activation(wire: reply)) }
    case .evaluate(let version, let digest):
      let reply = try await call("evaluate", deadlines.evaluate) { (calls, options) in
        try await calls.evaluate(Fleet_V1_EvaluateRequest(version, digest: digest), options: options)
      }
      return try read("an answer") { () throws(CommandError) in .evaluated(try GoldenResult(wire: reply)) }
    case .confirm(let version, let digest):
      _ = try await call("confirm", deadlines.command) { (calls, options) in
        try await calls.confirm(Fleet_V1_ConfirmRequest(version, digest: digest), options: options)
      }
      return .confirmed
    case .rollback(let model):
      let reply = try await call("rollback", deadlines.activate) { (calls, options) in
        var request = Fleet_V1_RollbackRequest()
        request.model = model
        return try await calls.rollback(request, options: options)
      }
      return try read("an answer") { () throws(CommandError) in .activated(try Activation(wire: reply)) }
    case .drain(let order):
      let reply = try await call("drain", deadlines.command) { (calls, options) in
        try await calls.drain(Fleet_V1_DrainRequest(order), options: options)
      }
      return try read("an answer") { () throws(CommandError) in
        .draining(
          handOffTo: try WireValue.list(reply.handOffTo, atMost: 256, "hand_off_to")
            .map { (name) throws(CommandError) in try WireValue.nodeName(name, "hand_off_to") }
        )
      }
    case .undrain(let orderedBy):
      _ = try await call("undrain", deadlines.command) { (calls, options) in
        var request = Fleet_V1_UndrainRequest()
        request.orderedBy = orderedBy
        return try await calls.undrain(request, options: options)
      }
      return .serving
    }
  }

  package var sendEncodings: Set<FileTransfer.Encoding> { ways.withLock { $0.encodings } }
  package var canFetch: Bool { ways.withLock { $0.canFetch } }

  private func learn(_ encodings: Set<FileTransfer.Encoding>, canFetch: Bool) {
    ways.withLock { $0 = Ways(encodings: encodings, canFetch: canFetch) }
  }

  package func send(_ transfer: FileTransfer, _ pieces: FilePieces) async throws(CommandError) -> UInt64 {
    // A fleetd of before `Send` takes chunks.
    guard sendEncodings.contains(transfer.encoding) else { return try await sendInChunks(transfer, pieces) }
    start()
    // After the last byte of a delta the node makes the file of it.
    let patience = transfer.delta == nil ? deadlines.write : deadlines.write * 4
    let stream = FileStream(words: words, link: trouble, patience: patience)
    return try await stream.run(transfer, pieces, over: Calls(wrapping: client))
  }

  package func frames(_ request: FrameRequest) -> AsyncThrowingStream<Frame, any Error> {
    start()
    let silence = max(deadlines.silence, request.interval * 3)
    let watch = FrameWatch(words: words, trouble: trouble, silence: silence)
    let room = max(1, min(request.history, FrameRequest.maximumHistory))
    return AsyncThrowingStream(bufferingPolicy: .bufferingNewest(room)) { continuation in
      // The client, not `self`: an abandoned agent must be able to end while its last watcher does.
      let task = Task { [client] in
        await watch.run(request, over: Calls(wrapping: client), into: continuation)
      }
      continuation.onTermination = { _ in task.cancel() }
    }
  }

  func call<Reply: Sendable>(
    _ method: String,
    _ deadline: Duration,
    _ body: (Calls, CallOptions) async throws -> Reply
  ) async throws(CommandError) -> Reply {
    start()
    var options = CallOptions.defaults
    options.timeout = deadline
    do {
      return try await body(Calls(wrapping: client), options)
    } catch {
      throw words.commandError(error, calling: method, deadline: deadline, trouble: trouble.current)
    }
  }

  func read<Value>(_ what: String, _ decode: () throws(CommandError) -> Value) throws(CommandError) -> Value {
    do {
      return try decode()
    } catch {
      throw words.unreadable(what, because: error)
    }
  }

  /// gRPC wants a task that runs its connections; it ends when the client is shut down.
  func start() {
    let isFirst = isRunning.withLock { isRunning in
      defer { isRunning = true }
      return !isRunning
    }
    if isFirst { Task { [client] in try? await client.runConnections() } }
  }

  private static func config(
    deadlines: Deadlines,
    window: Int,
    trouble: LinkTrouble,
    words: LinkWords
  ) -> HTTP2ClientTransport.Posix.Config {
    .defaults { config in
      // A node that comes back is called again within seconds; jitter keeps consoles apart.
      config.backoff = .init(initial: .milliseconds(500), max: .seconds(3), multiplier: 1.6, jitter: 0.2)
      // A line that was cut without a word is noticed within 15 s.
      config.connection.keepalive = .init(time: .seconds(10), timeout: .seconds(5), allowWithoutCalls: true)
      config.http2.targetWindowSize = window
      config.channelDebuggingCallbacks.onCreateTCPConnection = { channel in
        channel.eventLoop.makeCompletedFuture {
          // What is recorded from here on is about this connection.
          trouble.clear()
          let first = FirstByteDeadline(deadlines.connect) { isConnected in
            trouble.record(words.silence(of: deadlines.connect, isConnected: isConnected))
          }
          let errors = LinkErrors(trouble: trouble, words: words)
          let pipeline = channel.pipeline.syncOperations
          let tls = try pipeline.handler(type: NIOSSLClientHandler.self)
          try pipeline.addHandlers([errors, first], position: .after(tls))
        }
      }
    }
  }
}
