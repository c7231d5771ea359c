import NIOCore
import NIOPosix

/// Calls whose messages are compressed (gRPC over HTTP2, "Compression"): answered as any other between reading and writing them.
/// Who compresses its requests gets its answers compressed in the same way; the others would only lose time.
struct GRPCCompression {
  /// A thousand times as much can come out of it, and is there in a moment.
  private static let longestInflatedInline = 1 << 10

  let encoding: ContentEncoding
  let responder: any GRPCResponder

  func respond(to call: GRPCCall, on loop: any EventLoop) -> Eventual<GRPCAnswer> {
    // Counts what comes out of the message until that is answered.
    let held = call.census.beginHolding()
    guard call.message.readableBytes > Self.longestInflatedInline else {
      return respond(to: call, inflate(call.message, held), held, on: loop)
    }
    let inflated = NIOThreadPool.singleton.runIfActive(eventLoop: loop) { inflate(call.message, held) }
    return .later(inflated.flatMap { respond(to: call, $0, held, on: loop).future(on: loop) })
  }

  private func inflate(_ message: ByteBuffer, _ held: HeldBytes) -> Result<ByteBuffer, ServingError> {
    do throws(ServingError) {
      return .success(try BodyDecompression.decompress(message, encoding, held: held))
    } catch {
      return .failure(error)
    }
  }

  private func respond(
    to call: GRPCCall,
    _ inflated: Result<ByteBuffer, ServingError>,
    _ held: HeldBytes,
    on loop: any EventLoop
  ) -> Eventual<GRPCAnswer> {
    var call = call
    switch inflated {
    case .success(let message): call.message = message
    case .failure(let error): return .now(GRPCAnswer(error))
    }
    switch responder.respond(to: call, on: loop) {
    case .now(let answer): return deflate(answer, held, on: loop)
    case .later(let answer): return .later(answer.flatMap { deflate($0, held, on: loop).future(on: loop) })
    }
  }

  /// Lets go of `held` when it is done.
  private func deflate(_ answer: GRPCAnswer, _ held: HeldBytes, on loop: any EventLoop) -> Eventual<GRPCAnswer> {
    guard let message = answer.message?.bytes, message.readableBytes >= BodyCompression.shortest else {
      return .now(answer)
    }
    guard message.readableBytes > BodyCompression.longestInline else { return .now(deflated(answer, message)) }
    return .later(NIOThreadPool.singleton.runIfActive(eventLoop: loop) { deflated(answer, message) })
  }

  private func deflated(_ answer: GRPCAnswer, _ message: ByteBuffer) -> GRPCAnswer {
    guard let bytes = BodyCompression.compress(message, encoding) else { return answer }
    var answer = answer
    answer.message = GRPCMessage(compressed: bytes)
    return answer
  }
}
