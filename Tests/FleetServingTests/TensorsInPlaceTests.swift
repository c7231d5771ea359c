import FleetCore
import Foundation
import NIOCore
import Testing

@testable import FleetServing

/// Large inputs are read where they lie.
@Suite struct TensorsInPlaceTests {
  private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()
  private static let libraries = root.appending(path: ".deps/openvino/libs").path
  private static let engine = Result { try OpenVINOEngine(searchPath: [libraries]) }
  private static var isInstalled: Bool { (try? engine.get()) != nil }

  @Test func roomEndsAligned() {
    for length in [0, 1, 63, 64, 65, 1000, 65_536, 602_112, 602_400] {
      var buffer = ByteBuffer(endingAligned: length)
      #expect(buffer.readableBytes == 0)
      buffer.writeRepeatingByte(7, count: length)
      #expect(buffer.readableBytes == length)
      let end = unsafe buffer.withUnsafeReadableBytes { Int(bitPattern: $0.baseAddress) } + length
      #expect(end % TensorAlignment.alignment == 0, "\(length)")
    }
  }

  @Test func aMessageThatComesInPiecesEndsAligned() throws {
    let content = ByteBuffer(repeating: 3, count: 300_000)
    var bytes = ByteBuffer()
    bytes.writeInteger(UInt8(0))
    bytes.writeInteger(UInt32(content.readableBytes))
    bytes.writeImmutableBuffer(content)
    var reader = GRPCMessageReader(maximumLength: 1 << 20)
    while let piece = bytes.readSlice(length: min(65_536, bytes.readableBytes)), piece.readableBytes > 0 {
      try reader.append(piece)
    }
    let message = try #require(try reader.next()?.bytes)
    #expect(message == content)
    let end = unsafe message.withUnsafeReadableBytes { Int(bitPattern: $0.baseAddress) } + message.readableBytes
    #expect(end % TensorAlignment.alignment == 0)
  }

  /// The same rows aligned, unaligned and few at a time, in turns on one infer request: the model must never read what another call brought.
  @Test(.enabled(if: isInstalled)) func answersAreTheSameWhereverTheInputLies() throws {
    var options = ModelOptions()
    options.hint = .latency
    let folder = Self.root.appending(path: "Tests/Fixtures/models/tag-reader/2").path
    let model = try Self.engine.get().load(folder: folder, options: options)
    for round in 0..<4 {
      let pixels = (0..<(300 * 64)).map { Float(($0 * (round + 3)) % 17) }
      var aligned = ByteBuffer(endingAligned: pixels.count * 4)
      // With room for four more bytes behind, they begin four before a line of the cache.
      var unaligned = ByteBuffer(endingAligned: pixels.count * 4 + 4)
      for pixel in pixels {
        aligned.writeInteger(pixel.bitPattern, endianness: .little)
        unaligned.writeInteger(pixel.bitPattern, endianness: .little)
      }
      let expected = try Self.scores(model, aligned, rows: 300)
      #expect(expected.count == 3000)
      #expect(try Self.scores(model, unaligned, rows: 300) == expected)
      let first = try #require(aligned.getSlice(at: aligned.readerIndex, length: 256))
      let alone = try Self.scores(model, first, rows: 1)
      for (one, other) in zip(alone, expected) { #expect(abs(one - other) <= 1e-4) }
      #expect(try Self.scores(model, aligned, rows: 300) == expected)
    }
  }

  private static func scores(_ model: any LoadedModel, _ bytes: ByteBuffer, rows: Int) throws -> [Float] {
    let input = Tensor(name: "pixels", datatype: .fp32, shape: [rows, 1, 8, 8], bytes: bytes)
    var output = try model.infer([input], wanted: [0])[0].bytes
    return (0..<(output.readableBytes / 4)).map { _ in
      Float(bitPattern: output.readInteger(endianness: .little) ?? 0)
    }
  }
}
