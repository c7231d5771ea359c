import FleetWire
import NIOCore

/// Tells a sibling's TLS from a client's plain HTTP by the first byte of a connection, so that one port serves both.
final class TLSDetector: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = ByteBuffer

  /// The type of a record that holds a handshake (RFC 8446, 5.1). No method of HTTP begins with it.
  private static let handshake: UInt8 = 22

  private let tls: SiblingTLS

  init(tls: SiblingTLS) {
    self.tls = tls
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let pipeline = context.pipeline.syncOperations
    if unwrapInboundIn(data).readableBytesView.first == Self.handshake {
      do {
        try pipeline.addHandler(tls.serverHandler, position: .after(self))
      } catch {
        context.close(promise: nil)
        return
      }
    }
    context.fireChannelRead(data)
    _ = pipeline.removeHandler(self)
  }
}
