import FleetCore
import FleetTestSupport
import Testing

@testable import FleetTransfer

@Suite struct ZstdTests {
  @Test func anyPiecesGiveTheSameBack() throws {
    var random = SeededRandom()
    for _ in 0..<30 {
      let bytes =
        random.chance(0.5)
        ? random.bytes(Int.random(in: 0...400_000, using: &random))
        : [UInt8](repeating: 3, count: Int.random(in: 0...3_000_000, using: &random))
      let compressed = try Self.compressed(bytes, pieces: Int.random(in: 1...7, using: &random))
      #expect(try Self.decompressed(compressed, limit: UInt64(bytes.count), pieceBytes: 70_000) == bytes)
    }
  }

  @Test func aBombIsRefusedBeforeItGoesOff() throws {
    let bomb = try Self.compressed([UInt8](repeating: 0, count: 64 << 20), pieces: 8)
    #expect(bomb.count < 20_000)
    var given = 0
    let decompressor = try ZstdDecompressor(limit: 1 << 20)
    let error = #expect(throws: CommandError.self) { try decompressor.add(bomb) { given += $0.count } }
    #expect(error?.code == .corrupt && error?.message.contains("more than the 1048576") == true)
    #expect(given <= 1 << 20, "nothing over the limit is given")
  }

  @Test func aLargeWindowIsRefused() throws {
    var random = SeededRandom()
    var bytes: [UInt8] = []
    let compressor = try ZstdCompressor(ZstdSettings(level: 1, windowLog: 27))
    try compressor.add(random.bytes(1 << 20)) { bytes += $0 }
    try compressor.add([], isLast: true) { bytes += $0 }
    let decompressor = try ZstdDecompressor(limit: 1 << 30, windowLog: 20)
    let error = #expect(throws: CommandError.self) { try decompressor.add(bytes) { _ in } }
    #expect(error?.message.contains("too much memory") == true, "\(error?.message ?? "")")
  }

  @Test func brokenStreamsAreRefused() throws {
    var random = SeededRandom()
    let bytes = random.bytes(10_000)
    let compressed = try Self.compressed(bytes, pieces: 1)
    #expect(throws: CommandError.self) { try Self.decompressed(Array(compressed.dropLast(3)), limit: 10_000) }
    #expect(throws: CommandError.self) { try Self.decompressed(compressed + [1], limit: 10_000) }
    #expect(throws: CommandError.self) { try Self.decompressed(compressed + compressed, limit: 30_000) }
    #expect(throws: CommandError.self) { try Self.decompressed(random.bytes(500), limit: 10_000) }
    #expect(throws: CommandError.self) { try Self.decompressed([], limit: 10_000) }
  }

  private static func compressed(_ bytes: [UInt8], pieces: Int) throws -> [UInt8] {
    let compressor = try ZstdCompressor(ZstdSettings(level: 1))
    var compressed: [UInt8] = []
    let step = bytes.count / pieces + 1
    for start in stride(from: 0, to: max(1, bytes.count), by: step) {
      let piece = Array(bytes[start..<min(start + step, bytes.count)])
      try compressor.add(piece, isLast: start + step >= bytes.count) { compressed += $0 }
    }
    return compressed
  }

  private static func decompressed(_ bytes: [UInt8], limit: UInt64, pieceBytes: Int = 4096) throws -> [UInt8] {
    let decompressor = try ZstdDecompressor(limit: limit)
    var result: [UInt8] = []
    for start in stride(from: 0, to: bytes.count, by: pieceBytes) {
      try decompressor.add(Array(bytes[start..<min(start + pieceBytes, bytes.count)])) { result += $0 }
    }
    try decompressor.finish()
    return result
  }
}
