import Glibc
import NIOCore
import NIOHTTP2
package import NIOPosix

/// Serves gRPC over HTTP/2, without TLS and known to begin with it, on a socket that listens already.
package final class GRPCServer: Sendable {
  /// How many connections may wait to be accepted.
  private static let backlog: Int32 = 1024

  package let census: ConnectionCensus
  private let channel: any Channel

  private init(channel: any Channel, census: ConnectionCensus) {
    self.channel = channel
    self.census = census
  }

  /// Takes over `descriptor`, a listening socket. Connections wait in its queue until `accept`, unless `isAccepting`. What
  /// `census` counts may be shared with a server of another protocol: then the limits hold for both together.
  package static func start(
    descriptor: Int32,
    group: MultiThreadedEventLoopGroup,
    responder: any GRPCResponder,
    census: ConnectionCensus? = nil,
    isAccepting: Bool = true,
    limits: HTTPLimits = HTTPLimits(),
    grpcLimits: GRPCLimits = GRPCLimits()
  ) async throws -> GRPCServer {
    let census = census ?? ConnectionCensus(limits: limits)
    let configuration = Configuration(limits, grpcLimits)
    let channel = try await ServerBootstrap(group: group)
      .serverChannelOption(.autoRead, value: isAccepting)
      .childChannelOption(.socketOption(.tcp_nodelay), value: 1)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          guard census.count < limits.connections else { throw GRPCServerError.tooManyConnections }
          let http2 = NIOHTTP2Handler(
            mode: .server,
            connectionConfiguration: configuration.connection,
            streamConfiguration: configuration.stream
          )
          let calls = GRPCConnection(responder: responder, limits: limits, grpcLimits: grpcLimits, census: census)
          try channel.pipeline.syncOperations.addHandlers([http2, calls])
        }
      }
      .withBoundSocket(descriptor)
      .get()
    // NIO has said `listen` with a backlog of 128, whatever option it is given for that: the kernel takes the last word.
    _ = listen(descriptor, backlog)
    return GRPCServer(channel: channel, census: census)
  }

  /// Takes connections from now on; may be said again.
  package func accept() {
    channel.setOption(.autoRead, value: true).whenComplete { _ in }
  }

  /// Takes no new connections, tells clients to make no new calls, lets those in flight finish until `deadline`, then closes
  /// all.
  package func stop(within deadline: Duration) async {
    try? await channel.close()
    census.stopAll()
    let end = ContinuousClock.now + deadline
    while census.count > 0, ContinuousClock.now < end {
      try? await Task.sleep(for: .milliseconds(10))
    }
    census.closeAll()
  }

  private struct Configuration {
    var connection = NIOHTTP2Handler.ConnectionConfiguration()
    var stream = NIOHTTP2Handler.StreamConfiguration()

    init(_ limits: HTTPLimits, _ grpcLimits: GRPCLimits) {
      connection.initialSettings = [
        HTTP2Setting(parameter: .maxConcurrentStreams, value: grpcLimits.streams),
        HTTP2Setting(parameter: .maxHeaderListSize, value: limits.headBytes),
        HTTP2Setting(parameter: .initialWindowSize, value: grpcLimits.streamWindow),
        HTTP2Setting(parameter: .maxFrameSize, value: grpcLimits.frameBytes),
      ]
      // Of a header list we look at what a call needs, and of that at every byte.
      connection.headerBlockValidation = .disabled
      connection.contentLengthValidation = .disabled
      // A client may not know yet that a call of its was refused, and send on.
      connection.maximumRecentlyResetStreams = grpcLimits.streams * 2
      connection.controlFrameRateLimit.maximumCount = grpcLimits.controlFrames
      connection.controlFrameRateLimit.windowLength = grpcLimits.rateWindow
      stream.streamResetFrameRateLimit.maximumCount = grpcLimits.resets
      stream.streamResetFrameRateLimit.windowLength = grpcLimits.rateWindow
    }
  }
}

enum GRPCServerError: Error {
  case tooManyConnections
}
