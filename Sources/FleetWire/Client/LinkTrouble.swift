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

/// Notes the errors of a connection that say why the node refused it.
final class LinkErrors: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer

  private let trouble: LinkTrouble
  private let words: LinkWords

  init(trouble: LinkTrouble, words: LinkWords) {
    self.trouble = trouble
    self.words = words
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
        do throws(CommandError) {
          guard let leaf = certificates.first else {
            throw CommandError(.denied, "\(expected) at \(address) showed no certificate")
          }
          guard let certificate = try? Certificate(derEncoded: leaf.toDERBytes()) else {
            throw CommandError(.denied, "\(expected) at \(address) showed a certificate that cannot be read")
          }
          try await verify(certificate)
          return .certificateVerified(VerificationMetadata(nil))
        } catch {
          trouble.record(error)
          return .failed
        }
      }
    }
  }
}
