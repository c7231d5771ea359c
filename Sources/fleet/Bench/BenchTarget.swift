import Glibc
import NIOCore
import NIOPosix

/// A server of the Open Inference Protocol, and which of its two forms is spoken.
struct BenchTarget: Sendable, Equatable {
  enum Form: String, Sendable {
    case rest
    case grpc
  }

  var host: String
  var port: Int
  var form: Form

  var authority: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

  /// The same request as often as wanted.
  enum Call: Sendable {
    case rest([UInt8])
    case grpc(method: String, message: [UInt8])
  }

  /// What asks for a model's metadata.
  func metadataCall(of model: BenchModelName) -> Call {
    switch form {
    case .rest: .rest(RESTRequestBytes.metadata(model: model, host: authority))
    case .grpc: .grpc(method: "ModelMetadata", message: GRPCMessages.metadata(model: model))
    }
  }

  func inferCall(of model: BenchModelName, _ tensors: [BenchTensor]) -> Call {
    switch form {
    case .rest: .rest(RESTRequestBytes.infer(model: model, tensors: tensors, host: authority))
    case .grpc: .grpc(method: "ModelInfer", message: GRPCMessages.infer(model: model, tensors: tensors))
    }
  }

  /// A connection for `call`; from then on `observer` hears of it.
  func connect(_ call: Call, on loop: any EventLoop, observer: NIOLoopBound<any BenchObserver>) -> EventLoopFuture<Void>
  {
    ClientBootstrap(group: loop)
      .connectTimeout(.seconds(2))
      .channelOption(.tcpOption(.tcp_nodelay), value: 1)
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          let handler: any ChannelHandler
          switch call {
          case .rest(let bytes): handler = RESTConnection(request: ByteBuffer(bytes: bytes), observer: observer.value)
          case .grpc(let method, let message):
            handler = GRPCConnection(observer: observer.value) { tableSize in
              try GRPCRequestBytes(
                path: "\(GRPCMessages.service)/\(method)",
                authority: authority,
                message: message,
                tableSize: tableSize
              )
            }
          }
          try channel.pipeline.syncOperations.addHandler(handler)
        }
      }
      .connect(host: host, port: port)
      .map { _ in }
  }

  /// Asks once. Throws a `BenchError` when the answer is an error, or is not there in `patience`.
  func ask(_ call: Call, patience: TimeAmount = .seconds(5)) async throws -> [UInt8] {
    let loop = MultiThreadedEventLoopGroup.singleton.next()
    return try await loop.flatSubmit {
      let promise = loop.makePromise(of: [UInt8].self)
      let once = SingleCall(promise)
      let deadline = loop.scheduleTask(in: patience) {
        promise.fail(BenchError("\(authority) does not answer within \(patience.nanoseconds / 1_000_000_000) s"))
      }
      promise.futureResult.whenComplete { _ in deadline.cancel() }
      connect(call, on: loop, observer: NIOLoopBound(once, eventLoop: loop)).whenFailure {
        promise.fail(unreachable($0))
      }
      return promise.futureResult
    }.get()
  }
}

extension BenchTarget {
  /// Why there is no connection, in the system's words.
  func unreachable(_ error: any Error) -> BenchError {
    let cause = (error as? NIOConnectionError)?.connectionErrors.first?.error ?? error
    guard let code = (cause as? IOError)?.errnoCode, let text = unsafe strerror(code) else {
      return BenchError("cannot connect to \(authority): \(cause)")
    }
    return BenchError("cannot connect to \(authority): \(unsafe String(cString: text))")
  }
}

/// Makes one call on a connection and closes it.
private final class SingleCall: BenchObserver {
  private let promise: EventLoopPromise<[UInt8]>

  init(_ promise: EventLoopPromise<[UInt8]>) {
    self.promise = promise
  }

  func opened(_ connection: any BenchConnection) {
    connection.call(since: .now())
  }

  func ended(_ connection: any BenchConnection, since: NIODeadline, _ outcome: CallOutcome, body: ByteBuffer) {
    switch outcome {
    case .answered: promise.succeed(Array(body.readableBytesView))
    case .refused(let reason), .failed(let reason), .lost(let reason): promise.fail(BenchError(reason))
    }
    connection.close()
  }

  func closed(_ connection: any BenchConnection) {
    promise.fail(BenchError("the server closed the connection; does this port speak another protocol?"))
  }
}
