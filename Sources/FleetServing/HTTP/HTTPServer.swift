import Glibc
import NIOCore
import NIOHTTP1
package import NIOPosix

/// Serves HTTP/1.1 on a socket that listens already.
package final class HTTPServer: Sendable {
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
    responder: any HTTPResponder,
    census: ConnectionCensus? = nil,
    isAccepting: Bool = true,
    limits: HTTPLimits = HTTPLimits()
  ) async throws -> HTTPServer {
    let census = census ?? ConnectionCensus(limits: limits)
    let channel = try await ServerBootstrap(group: group)
      .serverChannelOption(.autoRead, value: isAccepting)
      .childChannelOption(.socketOption(.tcp_nodelay), value: 1)
      // A client may end its side when it has sent its request, and wait for the answer.
      .childChannelOption(.allowRemoteHalfClosure, value: true)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          guard census.count < limits.connections else { throw HTTPServerError.tooManyConnections }
          var decoding = NIOHTTPDecoderLimitConfiguration()
          decoding.maxHeaderFieldSize = limits.headBytes
          decoding.maxHeaderListSize = limits.headBytes
          decoding.maxHeaderFieldCount = limits.headFields
          let decoder = HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes, limitConfiguration: decoding)
          let pipeline = channel.pipeline.syncOperations
          try pipeline.addHandler(ByteToMessageHandler(decoder))
          try pipeline.addHandler(HTTPConnection(responder: responder, limits: limits, census: census))
        }
      }
      .withBoundSocket(descriptor)
      .get()
    // NIO has said `listen` with a backlog of 128, whatever option it is given for that: the kernel takes the last word.
    _ = listen(descriptor, backlog)
    return HTTPServer(channel: channel, census: census)
  }

  /// Takes connections from now on; may be said again.
  package func accept() {
    channel.setOption(.autoRead, value: true).whenComplete { _ in }
  }

  /// Takes no new connections, lets requests in flight finish until `deadline`, then closes all.
  package func stop(within deadline: Duration) async {
    try? await channel.close()
    census.stopAll()
    let end = ContinuousClock.now + deadline
    while census.count > 0, ContinuousClock.now < end {
      try? await Task.sleep(for: .milliseconds(10))
    }
    census.closeAll()
  }
}

enum HTTPServerError: Error {
  case tooManyConnections
}
