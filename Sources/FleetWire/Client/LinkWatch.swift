import FleetCore
import NIOCore
import NIOSSL
import SwiftASN1
import Synchronization
import X509

/// Why the latest connection to a node did not come about. gRPC reports TLS failures without their reason, so whoever
/// sees the reason leaves it here.
final class LinkTrouble: Sendable {
  private let reason = Mutex<CommandError?>(nil)

  var current: CommandError? { reason.withLock { $0 } }

  func record(_ error: CommandError) { reason.withLock { $0 = error } }

  func clear() { reason.withLock { $0 = nil } }
}

/// Sits behind TLS in each connection: notes why it failed, and closes one that stays silent. A stopped agent accepts
/// connections (its kernel does) and then says nothing.
final class LinkWatch: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer

  private let trouble: LinkTrouble
  private let words: LinkWords
  private let deadline: Duration
  private var timer: Scheduled<Void>?

  init(trouble: LinkTrouble, words: LinkWords, deadline: Duration) {
    self.trouble = trouble
    self.words = words
    self.deadline = deadline
  }

  func handlerAdded(context: ChannelHandlerContext) {
    timer = context.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(deadline)) { [self] in
      trouble.record(words.silentConnection(deadline))
      context.close(promise: nil)
    }
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    timer?.cancel()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    // The first byte over TLS: the server has accepted us as well.
    if timer != nil {
      timer?.cancel()
      timer = nil
      trouble.clear()
    }
    context.fireChannelRead(data)
  }

  func channelInactive(context: ChannelHandlerContext) {
    timer?.cancel()
    context.fireChannelInactive()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    if let reason = words.failedConnection(error) { trouble.record(reason) }
    context.fireErrorCaught(error)
  }
}

extension ServerIdentityCheck {
  /// For NIOSSL's custom verification: tells `trouble` why a certificate is refused.
  func callback(
    reportingTo trouble: LinkTrouble
  ) -> @Sendable ([NIOSSLCertificate], EventLoopPromise<NIOSSLVerificationResultWithMetadata>) -> Void {
    { certificates, promise in
      promise.completeWithTask {
        do {
          guard let leaf = certificates.first else {
            throw CommandError(.denied, "\(expected) at \(address) showed no certificate")
          }
          guard let certificate = try? Certificate(derEncoded: leaf.toDERBytes()) else {
            throw CommandError(.denied, "\(expected) at \(address) showed a certificate that cannot be read")
          }
          try await verify(certificate)
          return .certificateVerified(VerificationMetadata(nil))
        } catch {
          if let error = error as? CommandError { trouble.record(error) }
          return .failed
        }
      }
    }
  }
}
