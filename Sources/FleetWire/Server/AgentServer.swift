package import FleetCore
import GRPCCore
import GRPCNIOTransportHTTP2
import NIOCore
import NIOPosix
import NIOSSL
import Synchronization

/// Serves a node's agent to the consoles of its fleet, over gRPC and mutual TLS. One thread is enough: the agent answers
/// a few consoles once a second.
package final class AgentServer: Sendable {
  /// How long calls in progress may take to end once `shutdown` was called.
  package static let grace: Duration = .seconds(2)

  /// How long after its last connection the server may still be busy with what came in over it.
  private static let aftermath: Duration = .milliseconds(500)

  /// Lives as long as the process: gRPC still has errands on it when a server has ended.
  private static let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)

  private let address: String
  private let server: GRPCServer<HTTP2ServerTransport.Posix>
  private let stop = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
  private let connections: OpenConnections

  /// `address` is HOST:PORT with an IP address of this machine; port 0 takes a free one. Throws `.invalid` when it is
  /// not, or when the credentials are not this node's. A caller has `callerDeadline` to complete TLS and speak.
  package init(
    agent: some NodeAgent,
    address: String,
    credentials: Credentials,
    callerDeadline: Duration = .seconds(10)
  ) throws(CommandError) {
    guard credentials.name.holder == .node(agent.name) else {
      throw CommandError(
        .invalid,
        "the agent of \(agent.name) was given the certificate of \(credentials.name); "
          + "'fleet ca issue --node \(agent.name)' issues its own"
      )
    }
    let listening = try PeerAddress(listening: address).listening()
    let connections = OpenConnections()
    self.address = address
    self.connections = connections
    // BoringSSL verifies callers itself: so its alerts tell them whether their authority is unknown or their certificate
    // has expired.
    let transport = HTTP2ServerTransport.Posix(
      address: listening,
      transportSecurity: .mTLS(
        certificateChain: credentials.certificateChain,
        privateKey: credentials.privateKey
      ) { tls in
        tls.trustRoots = credentials.trustRoots
        tls.clientCertificateVerification = .noHostnameVerification
        tls.requireALPN = true
      },
      config: .defaults { config in
        // A piece of a file and what surrounds it, not more.
        config.rpc.maxRequestPayloadSize = FileTransfer.maximumPieceBytes + 16 * 1024
        // What may wait for us at once, and is lost when the line breaks before we take it: with the piece that it breaks in no
        // more than the largest piece. It keeps 60 Mbit/s busy over 100 ms.
        config.http2.targetWindowSize = FileTransfer.maximumPieceBytes - FileTransfer.usualPieceBytes
        config.http2.maxConcurrentStreams = 100
        config.connection.maxGraceTime = Self.grace
        config.connection.keepalive.time = .seconds(60)
        config.connection.keepalive.clientBehavior.minPingIntervalWithoutCalls = .seconds(5)
        config.connection.keepalive.clientBehavior.allowWithoutCalls = true
        config.channelDebuggingCallbacks.onAcceptTCPConnection = { channel in
          channel.eventLoop.makeCompletedFuture {
            let pipeline = channel.pipeline.syncOperations
            let tls = try pipeline.handler(type: NIOSSLServerHandler.self)
            try pipeline.addHandler(FirstByteDeadline(callerDeadline), position: .after(tls))
            connections.add(channel)
          }
        }
      },
      eventLoopGroup: Self.group
    )
    server = GRPCServer(
      transport: transport,
      services: [AgentService(agent: agent, certificateExpires: credentials.expires)],
      interceptors: [CallerRules(node: agent.name, fleet: credentials.name.fleet)]
    )
  }

  /// Serves until `shutdown` is called or the task is cancelled. Throws `.failed` when it cannot listen. Call it once.
  package func run() async throws(CommandError) {
    // gRPC's server must not be cancelled while it has connections: a call that comes in at that moment would end the process (NIO
    // takes the stream that nobody reads for a mistake of ours). So it runs in a task of its own, and is cancelled after they are cut.
    let serving = Task { [server] in try await server.serve() }
    let stopping = Task { [server, stop, connections] in
      for await _ in stop.stream { break }
      guard !Task.isCancelled else { return }
      server.beginGracefulShutdown()
      try await Task.sleep(for: Self.grace)
      connections.cut()
    }
    let ending = Task { [connections] in
      for await _ in connections.allClosed {}
      try await Task.sleep(for: Self.aftermath)
      serving.cancel()
    }
    defer { for task in [stopping, ending] { task.cancel() } }
    do {
      try await withTaskCancellationHandler {
        try await serving.value
      } onCancel: {
        cut()
      }
    } catch is CancellationError {
      // What the caller wanted.
    } catch let error as RuntimeError {
      // Cancelled before it began.
      if Task.isCancelled { return }
      throw CommandError(
        .failed,
        "the agent cannot serve at \(address): \(error.cause.map { "\($0)" } ?? error.message)"
      )
    } catch {
      throw CommandError(.failed, "the agent cannot serve at \(address): \(error)")
    }
  }

  /// Ends `run`: no new calls, watchers are told, calls in progress get `grace`.
  package func shutdown() {
    stop.continuation.yield()
  }

  /// Ends `run` as a cable that is pulled does: nobody is told, no call in progress ends.
  package func cut() {
    server.beginGracefulShutdown()
    connections.cut()
  }

  /// HOST:PORT as it was bound, once it was; throws `.failed` when it could not be.
  package var boundAddress: String {
    get async throws(CommandError) {
      do {
        let bound = try await server.transport.listeningAddress
        if let address = bound.ipv4 { return "\(address.host):\(address.port)" }
        if let address = bound.ipv6 { return "[\(address.host)]:\(address.port)" }
        return "\(bound)"
      } catch {
        throw CommandError(.failed, "the agent does not listen at \(address)")
      }
    }
  }
}
