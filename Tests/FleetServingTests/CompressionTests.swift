import FleetCore
import Foundation
import NIOCore
import NIOHTTP1
import Testing

import struct FleetTestSupport.SeededRandom

@testable import FleetServing

@Suite struct CompressionTests {
  private static let document = #"{"inputs":[{"name":"in","shape":[3],"datatype":"INT32","data":[1,2,3]}]}"#

  /// `document`, compressed by zlib's makers' own tools.
  private static let compressed = [
    (
      "gzip",
      "H4sIAAAAAAACA6tWyswrKC0pVrKKrlbKS8xNVbICiijpKBVnJBYAOdHGsTpKKYkliSWVIK6Sp1+IsZESRAgoa6hjpGMcWxtbCwBPKwi5SAAAAA=="
    ),
    ("deflate", "eJyrVsrMKygtKVayiq5WykvMTVWyAooo6SgVZyQWADnRxrE6SimJJYkllSCukqdfiLGREkQIKGuoY6RjHFsbWwsASR4WLg=="),
    ("deflate", "q1bKzCsoLSlWsoquVspLzE1VsgKKKOkoFWckFgA50caxOkopiSWJJZUgrpKnX4ixkRJECChrqGOkYxxbG1sLAA=="),
  ]

  private static func bytes(_ base64: String) throws -> [UInt8] { Array(try #require(Data(base64Encoded: base64))) }

  @Test(arguments: compressed)
  func takesCompressedBodies(encoding: String, body: String) async throws {
    let rest = try RESTHarness(["echo": EchoModel(.int32)])
    let answer = try await rest.send(
      .POST,
      "/v2/models/echo/infer",
      fields: [("Content-Encoding", encoding)],
      body: try Self.bytes(body)
    )
    #expect(answer.status == 200, "\(answer.text)")
    #expect((answer.json["outputs"] as? [[String: Any]])?.first?["data"] as? [Int] == [1, 2, 3])
    #expect(rest.census.bodyBytes == 0, "what was decompressed is let go of")
    try await rest.stop()
  }

  /// `Inference-Header-Content-Length` counts decompressed bytes, both ways.
  @Test(arguments: ["gzip", "deflate"])
  func compressesBinaryTensorsBothWays(encoding: String) async throws {
    let rest = try RESTHarness(["echo": EchoModel(.int32, shape: [1, -1])])
    let count = 100_000
    let json =
      #"{"parameters":{"binary_data_output":true},"inputs":[{"name":"in","shape":[1,\#(count)],"datatype":"INT32","#
      + #""parameters":{"binary_data_size":\#(count * 4)}}]}"#
    let tensor: [UInt8] = (0..<(count * 4)).map { $0 % 4 == 0 ? UInt8($0 / 4 & 0xf) : 0 }
    let answer = try await rest.send(
      .POST,
      "/v2/models/echo/infer",
      fields: [
        ("Content-Encoding", encoding), ("Accept-Encoding", encoding),
        ("Inference-Header-Content-Length", "\(json.utf8.count)"),
      ],
      body: try Compressed.deflate(Array(json.utf8) + tensor, encoding == "gzip" ? .gzip : .zlib)
    )
    #expect(answer.status == 200, "\(answer.text)")
    #expect(answer.fields["content-encoding"] == encoding)
    #expect(answer.fields["vary"] == "Accept-Encoding")
    #expect(answer.body.count < count)
    let body = try Compressed.inflate(answer.body, encoding == "gzip" ? .gzip : .deflate)
    let length = try #require(answer.fields["inference-header-content-length"].flatMap { Int($0) })
    #expect(Array(body[length...]) == tensor)
    try await rest.stop()
  }

  @Test func answersThatGainNothingGoAsTheyAre() async throws {
    let rest = try RESTHarness(["echo": EchoModel(.uint8, shape: [1, -1])])
    var random = SeededRandom(seed: 1)
    let noise = (0..<200_000).map { _ in UInt8.random(in: 0...255, using: &random) }
    for (body, accepts, encoding) in [
      (noise, "gzip", nil), (noise.map { _ in 0 }, "gzip", "gzip"), (noise.map { _ in 0 }, "br", nil),
      ([UInt8](repeating: 0, count: 100), "gzip", nil), ([UInt8](repeating: 0, count: 5000), "gzip", "gzip"),
      ([UInt8](repeating: 0, count: 5000), "", nil),
    ] as [([UInt8], String, String?)] {
      let answer = try await rest.send(
        .POST,
        "/v2/models/echo/infer",
        fields: [
          ("Accept-Encoding", accepts), ("Content-Type", "application/octet-stream"),
        ],
        body: body
      )
      #expect(answer.status == 200)
      #expect(answer.fields["content-encoding"] == encoding, "\(body.count) bytes, \(accepts)")
    }
    try await rest.stop()
  }

  @Test(arguments: [
    ("gzip", ContentEncoding.gzip), ("gzip, deflate", .gzip), ("deflate", .deflate), ("deflate, gzip;q=0.5", .deflate),
    ("gzip;q=0, deflate;q=0.1", .deflate), ("*", .gzip), ("gzip;q=0, *", .deflate), ("GZIP ; Q=1.0", .gzip),
    ("x-gzip", .gzip), ("br;q=1.0, gzip;q=0.8, *;q=0.1", .gzip), ("identity;q=0.5, gzip", .gzip),
    ("", nil), ("identity", nil), ("br", nil), ("gzip;q=0", nil), ("*;q=0", nil), ("gzip;q=x", nil),
    ("identity, gzip;q=0.5", nil), (";;,,", nil),
  ])
  func readsWhatClientsAccept(field: String, preferred: ContentEncoding?) {
    #expect(ContentEncoding.preferred(by: field) == preferred)
  }

  @Test func takesSeveralGzipMembersAndStopsAtTheLimitExactly() throws {
    let first = try Compressed.deflate(Array("abc".utf8))
    let second = try Compressed.deflate([UInt8](repeating: 7, count: 5000))
    #expect(
      try Compressed.inflate(first + second, .gzip) == Array("abc".utf8) + [UInt8](repeating: 7, count: 5000)
    )
    for format in [ZlibStream.Format.zlib, .raw] {
      let body = try Compressed.deflate([UInt8](repeating: 7, count: 5000), format)
      #expect(try Compressed.inflate(body, .deflate, limit: 5000).count == 5000)
      #expect(throws: ServingError(.tooLarge, "the body is longer than 4999 bytes when decompressed")) {
        try Compressed.inflate(body, .deflate, limit: 4999)
      }
    }
    #expect(try Compressed.inflate(try Compressed.deflate([]), .gzip, limit: 1) == [])
  }

  @Test func everyCallTakesCompressedBodiesAsLongAsItNeeds() async throws {
    let rest = try RESTHarness([:])
    let path = "/v2/systemsharedmemory/region/a/register"
    let missing = Array(#"{"key":"/fleet-none","byte_size":1}"#.utf8)
    let long = missing + [UInt8](repeating: 0x20, count: 65_536)
    for (body, encoding, status, words) in [
      (try Compressed.gzip(missing), "gzip", 400, "shared memory object '/fleet-none' does not exist"),
      (try Compressed.gzip(long), "gzip", 413, "longer than 65536 bytes when decompressed"),
      (missing, "br", 415, "Content-Encoding 'br' is not taken"),
    ] {
      let answer = try await rest.send(.POST, path, fields: [("Content-Encoding", encoding)], body: body)
      #expect(answer.status == status)
      #expect((answer.json["error"] as? String)?.contains(words) == true, "\(answer.text)")
    }
    try await rest.stop()
  }

  @Test func bombsStopAtTheLimit() async throws {
    var limits = HTTPLimits()
    limits.decompressedBytes = 1 << 20
    let bomb = try Compressed.deflate([UInt8](repeating: 0, count: 64 << 20))
    #expect(bomb.count < 1 << 20)
    let rest = try RESTHarness(["echo": EchoModel(.uint8, shape: [1, -1])], limits: limits)
    let answer = try await rest.send(
      .POST,
      "/v2/models/echo/infer",
      fields: [("Content-Encoding", "gzip")],
      body: bomb
    )
    #expect(answer.status == 413)
    #expect(answer.json["error"] as? String == "the body is longer than 1048576 bytes when decompressed")
    #expect(rest.census.bodyBytes == 0)
    try await rest.stop()
  }

  @Test func bombsHarmNoOtherRequestOfTheirConnection() async throws {
    var limits = HTTPLimits()
    limits.decompressedBytes = 1 << 20
    let engine = try await TestEngine.start(limits: limits)
    let client = try TestClient(engine.port)
    let bomb = try Compressed.gzip([UInt8](repeating: 0, count: 16 << 20))
    for _ in 0..<3 {
      let answer = try await client.send(
        "POST",
        "/v2/models/digits/infer",
        fields: ["Content-Encoding: gzip"],
        body: bomb
      )
      #expect(answer.status == 413)
      #expect(try await client.infer(Bodies.json()).status == 200)
    }
    try await eventually("nothing is held") { engine.bodyBytes == 0 }
    #expect(try await engine.status().errors == 0)
    await engine.stop()
  }

  @Test func bombsTogetherStayUnderTheLimitOfAllBodies() throws {
    var limits = HTTPLimits()
    limits.totalBodyBytes = 100_000
    let census = ConnectionCensus(limits: limits)
    let bomb = ByteBuffer(bytes: try Compressed.deflate([UInt8](repeating: 0, count: 1 << 20)))
    #expect(throws: ServingError(.unavailable, "too many requests are on their way here at once")) {
      try BodyDecompression.decompress(bomb, .gzip, held: census.beginHolding())
    }
    #expect(census.bodyBytes == 0)
  }

  @Test func brokenBodiesAreToldFromLongOnes() async throws {
    let rest = try RESTHarness(["echo": EchoModel(.int32)])
    let good = try Self.bytes(Self.compressed[0].1)
    for (encoding, body, words) in [
      ("gzip", Array(good.dropLast(1)), "the body is not gzip: it ends too early"),
      ("gzip", [], "the body is not gzip: it ends too early"),
      ("gzip", Array(Self.document.utf8), "the body is not gzip: incorrect header check"),
      ("gzip", good + [1, 2, 3], "the body is not gzip: incorrect header check"),
      ("gzip", good.dropLast(8) + [0, 0, 0, 0, 0, 0, 0, 0], "the body is not gzip: incorrect data check"),
      ("deflate", try Self.bytes(Self.compressed[1].1) + [0], "the body is not deflate: something follows its end"),
      ("deflate", [0x78, 0xbb, 0, 0, 0, 0, 0], "the body is not deflate: it needs a dictionary"),
      ("gzip, gzip", good, "Content-Encoding 'gzip, gzip' is not taken"),
      ("zstd", good, "Content-Encoding 'zstd' is not taken"),
    ] {
      let answer = try await rest.send(
        .POST,
        "/v2/models/echo/infer",
        fields: [("Content-Encoding", encoding)],
        body: body
      )
      #expect(answer.status == (words.hasPrefix("Content") ? 415 : 400), "\(words)")
      #expect((answer.json["error"] as? String)?.hasPrefix(words) == true, "\(words): \(answer.text)")
    }
    try await rest.stop()
  }

  /// No bytes harm, and what is taken is what was compressed.
  @Test func brokenStreamsHarmNothing() throws {
    let seed = UInt64.random(in: 0...(.max))
    var random = SeededRandom(seed: seed)
    let original = (0..<3000).map { UInt8(truncatingIfNeeded: $0 * $0 / 7) }
    for (format, encoding) in [(ZlibStream.Format.gzip, ContentEncoding.gzip), (.zlib, .deflate)] {
      let good = try Compressed.deflate(original, format)
      #expect(try Compressed.inflate(good, encoding) == original)
      for _ in 0..<500 {
        var bytes = good
        for _ in 0..<Int.random(in: 1...3, using: &random) {
          let place = Int.random(in: 0..<bytes.count, using: &random)
          switch Int.random(in: 0..<3, using: &random) {
          case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
          case 1: bytes.remove(at: place)
          default: bytes.removeLast(Int.random(in: 0..<bytes.count, using: &random))
          }
        }
        if let taken = try? Compressed.inflate(bytes, encoding) { #expect(taken == original, "seed \(seed)") }
      }
    }
  }
}
