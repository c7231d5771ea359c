import FleetWire
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// Passes requests to siblings over connections that are kept open between requests.
final class SiblingClient: Sendable {
  static let connectTimeout: TimeAmount = .seconds(1)
  private static let maximumIdle = 8

  private struct Key: Hashable {
    let address: SiblingAddress
    let loop: ObjectIdentifier
  }

  private let security: SiblingSecurity
  private let idle = Mutex<[Key: [any Channel]]>([:])

  init(_ security: SiblingSecurity) {
    self.security = security
  }

  /// What `sibling` answers. Fails when it cannot be reached, or does not answer in time.
  func send(
    _ request: SiblingRequest,
    to sibling: SiblingAddress,
    within timeout: TimeAmount,
    on loop: any EventLoop
  ) -> EventLoopFuture<SiblingAnswer> {
    let key = Key(address: sibling, loop: ObjectIdentifier(loop))
    let kept = idle.withLock { $0[key]?.popLast() }
    if let kept, kept.isActive {
      // The sibling may have closed it just now; then a fresh connection tells whether it is still there.
      return exchange(request, on: kept, key: key, within: timeout).flatMapError { [self] error in
        guard error as? SiblingError != .timeout else { return loop.makeFailedFuture(error) }
        return sendFresh(request, key: key, within: timeout, on: loop)
      }
    }
    return sendFresh(request, key: key, within: timeout, on: loop)
  }

  func closeAll() {
    let channels = idle.withLock { idle in
      defer { idle = [:] }
      return idle.values.flatMap { $0 }
    }
    for channel in channels { channel.close(promise: nil) }
  }

  private func sendFresh(
    _ request: SiblingRequest,
    key: Key,
    within timeout: TimeAmount,
    on loop: any EventLoop
  ) -> EventLoopFuture<SiblingAnswer> {
    ClientBootstrap(group: loop)
      .connectTimeout(Self.connectTimeout)
      .channelOption(.socketOption(.tcp_nodelay), value: 1)
      .channelInitializer { [security] channel in
        channel.eventLoop.makeCompletedFuture {
          switch security {
          case .plain: break
          case .tls(let tls):
            try channel.pipeline.syncOperations.addHandler(tls.clientHandler(to: key.address.node))
          case .broken: throw SiblingError.insecure
          }
          try channel.pipeline.syncOperations.addHTTPClientHandlers()
          try channel.pipeline.syncOperations.addHandler(SiblingConnection())
        }
      }
      .connect(host: key.address.host, port: key.address.port)
      .flatMap { [self] channel in exchange(request, on: channel, key: key, within: timeout) }
  }

  private func exchange(
    _ request: SiblingRequest,
    on channel: any Channel,
    key: Key,
    within timeout: TimeAmount
  ) -> EventLoopFuture<SiblingAnswer> {
    let promise = channel.eventLoop.makePromise(of: SiblingAnswer.self)
    let timeout = channel.eventLoop.scheduleTask(in: timeout) {
      promise.fail(SiblingError.timeout)
      channel.close(promise: nil)
    }
    channel.writeAndFlush(SiblingExchange(request: request, promise: promise)).cascadeFailure(to: promise)
    promise.futureResult.whenComplete { [self] result in
      timeout.cancel()
      guard case .success(let answer) = result, answer.keepsAlive, keep(channel, key) else {
        return channel.close(promise: nil)
      }
    }
    return promise.futureResult
  }

  private func keep(_ channel: any Channel, _ key: Key) -> Bool {
    idle.withLock { idle in
      guard idle[key, default: []].count < Self.maximumIdle else { return false }
      idle[key, default: []].append(channel)
      return true
    }
  }
}

enum SiblingError: Error {
  /// Connected, but silent. Trying again would only take longer.
  case timeout
  /// The connection ended before the answer did.
  case closed
  case answerTooLong
  /// There is no TLS to be had.
  case insecure
}

/// A request as it is passed on.
struct SiblingRequest: Sendable {
  var head: HTTPRequestHead
  var body: ByteBuffer
}

struct SiblingAnswer: Sendable {
  var status: Int
  var headers: HTTPHeaders
  var body: ByteBuffer
  var keepsAlive: Bool
}

/// A request on its way through a connection's pipeline, with where its answer goes.
struct SiblingExchange: Sendable {
  let request: SiblingRequest
  let promise: EventLoopPromise<SiblingAnswer>
}
