import FleetCore
import FleetServing
import Foundation
import NIOCore
import NIOHPACK
import SwiftProtobuf
import Testing

/// Messages compressed both ways; the bytes are those of Python's gzip and zlib.
@Suite struct GRPCCompressionTests {
  private static let infer = "/inference.GRPCInferenceService/ModelInfer"
  private static let ready = "/inference.GRPCInferenceService/ModelReady"
  /// `ModelReadyRequest(name: "digits")`.
  private static let gzip: [UInt8] = [
    31, 139, 8, 0, 0, 0, 0, 0, 2, 3, 227, 98, 75, 201, 76, 207, 44, 41, 6, 0, 138, 13, 221, 243, 8, 0, 0, 0,
  ]
  private static let zlib: [UInt8] = [120, 156, 227, 98, 75, 201, 76, 207, 44, 41, 6, 0, 9, 25, 2, 149]

  private func serving(limits: HTTPLimits = HTTPLimits(), _ body: (TestEngine, GRPCTestClient) async throws -> Void)
    async throws
  {
    let engine = try await TestEngine.start(model: "marker-7", limits: limits)
    let client = try await GRPCTestClient.connect(engine.grpcPort)
    try await body(engine, client)
    await client.close()
    try await eventually("nothing is kept") { engine.bodyBytes == 0 }
    await engine.stop()
  }

  private func call(
    _ client: GRPCTestClient,
    _ path: String,
    _ encoding: String?,
    _ bytes: [UInt8],
    flag: UInt8 = 1
  ) async throws -> GRPCTestClient.Reply {
    let id = try await client.begin(path, encoding.map { [("grpc-encoding", $0)] } ?? [])
    var framed = ByteBuffer(bytes: [flag])
    framed.writeInteger(UInt32(bytes.count))
    framed.writeBytes(bytes)
    try await client.send(id, framed, isLast: true)
    return try await client.reply(id)
  }

  @Test func readsWhatIsCompressed() async throws {
    try await serving { _, client in
      for (encoding, bytes) in [("gzip", Self.gzip), ("deflate", Self.zlib)] {
        let reply = try await call(client, Self.ready, encoding, bytes)
        let ready: Inference_ModelReadyResponse = try reply.decoded()
        #expect(ready.ready)
        #expect(reply.headers.first(name: "grpc-encoding") == encoding)
        #expect(reply.headers.first(name: "grpc-accept-encoding") == "identity,deflate,gzip")
      }
      // A message of such a call may be as it is.
      let plain = try GRPCTestClient.bytes(Inference_ModelReadyRequest.with { $0.name = "digits" })
      #expect(try await call(client, Self.ready, "gzip", Array(plain.readableBytesView), flag: 0).status == 0)
    }
  }

  @Test func compressesAnswersForWhoCompresses() async throws {
    try await serving { _, client in
      // 100 pictures, as a gzip file of stored blocks: zlib reads any.
      let request = try GRPCTestClient.bytes(GRPCBodies.infer(rows: 100, outputs: []))
      let reply = try await call(client, Self.infer, "gzip", Stored.gzip(Array(request.readableBytesView)))
      #expect(reply.status == 0, "\(reply.message)")
      #expect(reply.flags == [1])
      let sent = try #require(reply.messages.first)
      #expect(sent.readableBytes < 2000, "4 KB of sevens and 800 bytes of numbers")
      #expect(Array(sent.readableBytesView.prefix(2)) == [0x1f, 0x8b])
      let short = try await call(client, Self.ready, "gzip", Self.gzip)
      #expect(short.flags == [0])
    }
  }

  @Test func refusesWhatIsNotWhatItSays() async throws {
    try await serving { _, client in
      #expect(try await call(client, Self.ready, "gzip", [1, 2, 3]).status == 3)
      #expect(try await call(client, Self.ready, "gzip", Array(Self.gzip.dropLast(9))).status == 3)
      #expect(try await call(client, Self.ready, nil, Self.gzip).status == 3)
      #expect(try await call(client, Self.ready, "gzip", Self.gzip, flag: 2).status == 3)
      let unknown = try await call(client, Self.ready, "snappy", Self.gzip)
      #expect(unknown.status == 12)
      #expect(unknown.headers.first(name: "grpc-accept-encoding") == "identity,deflate,gzip")
    }
  }

  @Test func boundsWhatComesOutOfALittle() async throws {
    var limits = HTTPLimits()
    limits.decompressedBytes = 100_000
    try await serving(limits: limits) { engine, client in
      for bytes in [[UInt8](repeating: 0, count: 200_000), [UInt8](repeating: 0, count: 90_000)] {
        let reply = try await call(client, Self.ready, "gzip", Stored.gzip(bytes))
        #expect(reply.status == (bytes.count > 100_000 ? 8 : 3), "\(reply.message)")
      }
    }
  }
}

/// A gzip file that compresses nothing (RFC 1951, section 3.2.4; RFC 1952).
private enum Stored {
  static func gzip(_ bytes: [UInt8]) -> [UInt8] {
    var file: [UInt8] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]
    var rest = bytes[...]
    repeat {
      let block = rest.prefix(65_535)
      rest = rest.dropFirst(block.count)
      let count = UInt16(block.count)
      file.append(rest.isEmpty ? 1 : 0)
      for value in [count, ~count] { file += [UInt8(value & 255), UInt8(value >> 8)] }
      file += block
    } while !rest.isEmpty
    var checksum: UInt32 = 0xffff_ffff
    for byte in bytes {
      checksum ^= UInt32(byte)
      for _ in 0..<8 { checksum = checksum & 1 == 1 ? checksum >> 1 ^ 0xedb8_8320 : checksum >> 1 }
    }
    for value in [~checksum, UInt32(bytes.count)] {
      for shift in stride(from: UInt32(0), to: 32, by: 8) { file.append(UInt8(truncatingIfNeeded: value >> shift)) }
    }
    return file
  }
}
