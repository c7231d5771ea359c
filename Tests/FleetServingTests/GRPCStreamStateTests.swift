import FleetServing
import NIOCore
import NIOHPACK
import Testing

import struct FleetTestSupport.SeededRandom

/// The state of one call, without any connection.
@Suite struct GRPCStreamStateTests {
  private func stream(_ path: String = "/inference.GRPCInferenceService/ModelStreamInfer") throws -> GRPCStream {
    let head = try GRPCRequestHead(GRPCTestClient.headers(path), now: .now())
    return GRPCStream(head: head, maximumLength: 1000, now: .now())
  }

  private func message(_ number: Int) -> ByteBuffer {
    var message = ByteBuffer(integer: UInt32(number))
    message.writeRepeatingByte(0, count: number % 50)
    return GRPCTestClient.framed(message)
  }

  /// Whatever comes when, requests are given out and answered in their order, no more than allowed at a time, and nothing is
  /// counted as held in the end.
  @Test func keepsOrderAndBounds() throws {
    let seed = UInt64.random(in: 0...UInt64.max)
    var random = SeededRandom(seed: seed)
    for _ in 0..<200 {
      var stream = try stream()
      let count = Int.random(in: 0...60, using: &random)
      var incoming = ByteBuffer()
      for number in 0..<count { incoming.writeImmutableBuffer(message(number)) }
      var pending: [GRPCStream.Request] = []
      var (taken, given, unsent, held) = (0, 0, [Int](), 0)
      while given < count || incoming.readableBytes > 0 || !unsent.isEmpty {
        switch Int.random(in: 0...3, using: &random) {
        case 0:
          let size = min(incoming.readableBytes, Int.random(in: 0...200, using: &random))
          if let piece = incoming.readSlice(length: size) { try stream.received(piece, isLast: false) }
        case 1:
          while let request = try stream.nextRequest(now: .now()) {
            try #require(request.message.getInteger(at: request.message.readerIndex, as: UInt32.self) == UInt32(taken))
            taken += 1
            pending.append(request)
          }
          try #require(taken - given + unsent.count <= GRPCStream.maximumInFlight, "seed \(seed)")
        case 2 where !pending.isEmpty:
          let request = pending.remove(at: Int.random(in: pending.indices, using: &random))
          let answer = GRPCAnswer(GRPCMessage(ByteBuffer(integer: UInt32(request.sequence))))
          for answer in stream.answered(request.sequence, answer) {
            try #require(answer.message?.bytes == ByteBuffer(integer: UInt32(given)), "seed \(seed)")
            given += 1
            stream.sending(10)
            unsent.append(10)
          }
        case 3 where !unsent.isEmpty: stream.sent(unsent.removeLast())
        default: break
        }
        held += stream.heldChange()
        try #require(held >= 0 && held == stream.toldBytes, "seed \(seed)")
        try #require(stream.ending() == nil)
      }
      try stream.received(ByteBuffer(), isLast: true)
      #expect(try stream.nextRequest(now: .now()) == nil)
      #expect(stream.ending() == .ok)
      #expect(stream.isIdle)
      #expect(held == 0, "seed \(seed)")
    }
  }

  @Test func givesOutTheOneRequestWhenAllIsSaid() throws {
    var stream = try stream("/inference.GRPCInferenceService/ModelInfer")
    try stream.received(message(3), isLast: false)
    #expect(try stream.nextRequest(now: .now()) == nil)
    #expect(stream.awaitsClient)
    stream.inputEnded()
    let request = try #require(try stream.nextRequest(now: .now()))
    #expect(try stream.nextRequest(now: .now()) == nil)
    #expect(!stream.awaitsClient)
    stream.cancel()
    #expect(request.context.isCancelled)
    #expect(stream.answered(7, GRPCAnswer(.ok)).isEmpty, "nobody asked that")
    #expect(stream.answered(request.sequence, GRPCAnswer(.ok)).count == 1)
    #expect(stream.answered(request.sequence, GRPCAnswer(.ok)).isEmpty, "it is answered")
  }

  @Test func takesNoMoreThanIsAnswered() throws {
    var stream = try stream()
    for number in 0..<20 { try stream.received(message(number), isLast: false) }
    var taken = 0
    while try stream.nextRequest(now: .now()) != nil { taken += 1 }
    #expect(taken == GRPCStream.maximumInFlight)
    #expect(!stream.takesMore, "messages wait for their turn")
    _ = stream.answered(0, GRPCAnswer(.ok))
    #expect(try stream.nextRequest(now: .now()) != nil)
  }
}
