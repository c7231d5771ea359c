import Glibc
import NIOCore
import NIOPosix

/// Takes connections on a socket that listens already, whatever is spoken on them, and ends them.
package final class ConnectionServer: Sendable {
  /// How many connections may wait to be accepted.
  private static let backlog: Int32 = 1024

  package let census: ConnectionCensus
  private let channel: any Channel

  private init(channel: any Channel, census: ConnectionCensus) {
    self.channel = channel
    self.census = census
  }

  /// Takes over `descriptor`, a listening socket. Connections wait in its queue until `accept`, unless `isAccepting`. `prepare`
  /// adds what speaks to a client; a connection over `limit` is closed instead. What `census` counts may be shared with a server
  /// of another protocol: then the limit holds for both together.
  static func start(
    descriptor: Int32,
    group: MultiThreadedEventLoopGroup,
    census: ConnectionCensus,
    isAccepting: Bool,
    limit: Int,
    allowsHalfClosure: Bool,
    prepare: @escaping @Sendable (ChannelPipeline.SynchronousOperations) throws -> Void
  ) async throws -> ConnectionServer {
    let channel = try await ServerBootstrap(group: group)
      .serverChannelOption(.autoRead, value: isAccepting)
      .childChannelOption(.socketOption(.tcp_nodelay), value: 1)
      .childChannelOption(.allowRemoteHalfClosure, value: allowsHalfClosure)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          guard census.count < limit else { throw TooManyConnections() }
          try prepare(channel.pipeline.syncOperations)
        }
      }
      .withBoundSocket(descriptor)
      .get()
    // NIO has said `listen` with a backlog of 128, whatever option it is given for that: the kernel takes the last word.
    _ = listen(descriptor, backlog)
    return ConnectionServer(channel: channel, census: census)
  }

  /// Takes connections from now on; may be said again.
  package func accept() {
    channel.setOption(.autoRead, value: true).whenComplete { _ in }
  }

  /// Takes no new connections, asks for no new requests, lets those in flight finish until `deadline`, then closes all.
  package func stop(within deadline: Duration) async {
    try? await channel.close()
    census.stopAll()
    let end = ContinuousClock.now + deadline
    while census.count > 0, ContinuousClock.now < end {
      try? await Task.sleep(for: .milliseconds(10))
    }
    census.closeAll()
  }

  private struct TooManyConnections: Error {}
}
