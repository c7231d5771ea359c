import NIOCore
import Testing

@testable import FleetServing

enum Compressed {
  static func gzip(_ bytes: [UInt8]) throws -> [UInt8] { try deflate(bytes) }

  static func deflate(_ bytes: [UInt8], _ format: ZlibStream.Format = .gzip) throws -> [UInt8] {
    let stream = try #require(ZlibStream(deflatingTo: format))
    var input = ByteBuffer(bytes: bytes)
    var output = ByteBuffer()
    while case .partial = try stream.step(&input, to: &output, room: 1 << 20) {}
    return Array(output.readableBytesView)
  }

  static func inflate(_ bytes: [UInt8], _ encoding: ContentEncoding, limit: Int = 1 << 20) throws -> [UInt8] {
    var limits = HTTPLimits()
    limits.decompressedBytes = limit
    let held = ConnectionCensus(limits: limits).beginHolding()
    let body = try BodyDecompression.decompress(ByteBuffer(bytes: bytes), encoding, held: held)
    return Array(body.readableBytesView)
  }
}
