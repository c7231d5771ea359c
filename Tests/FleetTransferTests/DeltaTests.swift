import FleetCore
import FleetTestSupport
import Testing

@testable import FleetTransfer

/// Deltas between files of two versions.
@Suite struct DeltaTests {
  private typealias Encoder = DeltaEncoder<ByteArray, ByteArray>

  /// The three changes of a model that a fleet sees, on 16 MiB of weights.
  @Test(arguments: ["last layer replaced", "one percent moved", "retrained"])
  func theChosenMethodIsTheShortest(_ change: String) throws {
    var weights = Weights(SeededRandom())
    let base = weights.trained(16 << 20)
    let result =
      switch change {
      case "last layer replaced": weights.lastLayerReplaced(base)
      case "one percent moved": weights.someMoved(base)
      default: weights.trained(base.count)
      }
    let encoder = try Self.encoder(base, result)
    let plan = try encoder.plan()
    let lengths = try [DeltaMethod.subtract, .prefix, .zstd].map { try #require(try encoder.length($0)) }
    let shortest = try #require(lengths.min())
    #expect(Double(plan.bytes) <= 1.02 * Double(shortest), "\(plan) of \(lengths)")
    let full = lengths[2]
    if change == "retrained" {
      #expect(plan.method == .zstd, "the base does not help")
    } else {
      #expect(plan.bytes * 10 <= full, "\(plan) of \(full)")
    }
    print("\(change): \(plan.method), \(plan.bytes) bytes of \(lengths) by difference, by prefix and in full")
    let delta = try Self.encoded(encoder, plan.method)
    #expect(UInt64(delta.count) == plan.bytes, "the plan tells how long it becomes")
    #expect(try Self.decoded(delta, base: base, FileIdentity(of: ByteArray(result))) == result)
  }

  @Test func everyMethodGivesTheFileBack() throws {
    var random = SeededRandom()
    for _ in 0..<40 {
      let base = random.bytes(Int.random(in: 1...300_000, using: &random))
      let length = random.chance(0.5) ? base.count : Int.random(in: 1...300_000, using: &random)
      var result = Array((base + random.bytes(length)).prefix(length))
      for _ in 0..<10 { result[Int.random(in: 0..<length, using: &random)] &+= 1 }
      let encoder = try Self.encoder(base, result)
      for method in DeltaMethod.allCases where encoder.isPossible(method) {
        let delta = try Self.encoded(encoder, method)
        #expect(try Self.decoded(delta, base: base, FileIdentity(of: ByteArray(result))) == result, "\(method)")
      }
    }
  }

  @Test func withoutABaseThereIsAWayToo() throws {
    for result in [[], [UInt8](repeating: 7, count: 100_000), (0..<200).map { UInt8($0) }] {
      let encoder = Encoder(base: nil, result: (ByteArray(result), try FileIdentity(of: ByteArray(result))))
      let plan = try encoder.plan()
      #expect(plan.method == (result.count == 100_000 ? .zstd : .raw))
      let delta = try Self.encoded(encoder, plan.method)
      #expect(try Self.decoded(delta, base: nil, FileIdentity(of: ByteArray(result))) == result)
    }
  }

  @Test func whatDoesNotFitIntoMemoryIsNoPrefix() throws {
    var settings = DeltaSettings()
    settings.largestHeld = 1000
    let base = [UInt8](repeating: 1, count: 600)
    let result = [UInt8](repeating: 1, count: 500)
    #expect(try !Self.encoder(base, result, settings).isPossible(.prefix))
    let delta = try Self.encoded(Self.encoder(base, result), .prefix)
    let error = #expect(throws: CommandError.self) {
      try Self.decoded(delta, base: base, FileIdentity(of: ByteArray(result)), settings)
    }
    #expect(error?.code == .invalid && error?.message.contains("more memory") == true)
  }

  /// Any one bit, of what comes or of what is there, is found.
  @Test func aFlippedBitIsFound() throws {
    var random = SeededRandom()
    var weights = Weights(random)
    let base = weights.trained(20_000)
    let result = weights.someMoved(base)
    let expected = try FileIdentity(of: ByteArray(result))
    let encoder = try Self.encoder(base, result)
    for method in DeltaMethod.allCases {
      let delta = try Self.encoded(encoder, method)
      // Every bit of the header, and some of the rest.
      let inHeader = Array(0..<DeltaHeader.bytes * 8)
      let behind = (0..<600).map { _ in Int.random(in: 0..<delta.count * 8, using: &random) }
      for bit in inHeader + behind {
        let damaged = Self.flipped(delta, bit)
        let error = #expect(throws: CommandError.self, "\(method), bit \(bit)") {
          try Self.decoded(damaged, base: base, expected)
        }
        #expect(error?.code == .corrupt || error?.code == .invalid, "\(error?.message ?? "")")
      }
      for _ in 0..<200 where method.usesBase {
        let other = Self.flipped(base, Int.random(in: 0..<base.count * 8, using: &random))
        let error = #expect(throws: CommandError.self, "\(method)") { try Self.decoded(delta, base: other, expected) }
        #expect(error?.code == .corrupt, "\(error?.message ?? "")")
      }
      #expect(try Self.decoded(delta, base: base, expected) == result)
    }
  }

  @Test func hostileBytesAreRefusedInWords() throws {
    var random = SeededRandom()
    let result = random.bytes(5000)
    let expected = try FileIdentity(of: ByteArray(result))
    let delta = try Self.encoded(Self.encoder(result, result), .zstd)
    let cases: [([UInt8], String)] = [
      ([], "too short"),
      (Array(delta.prefix(Int(DeltaHeader.overhead) - 1)), "too short"),
      (Array(delta.dropLast()), ""),
      (delta + [0], ""),
      (random.bytes(5000), "not a delta"),
      (Array(delta.prefix(4)) + [9] + delta.dropFirst(5), "a method 9 that is not known"),
    ]
    for (bytes, words) in cases {
      let error = #expect(throws: CommandError.self) { try Self.decoded(bytes, base: result, expected) }
      #expect(error?.code == .corrupt)
      #expect(words.isEmpty || error?.message.contains(words) == true, "\(error?.message ?? "")")
    }
    let other = try FileIdentity(of: ByteArray([1]))
    let error = #expect(throws: CommandError.self) { try Self.decoded(delta, base: result, other) }
    #expect(error?.message == "the delta makes another file than the manifest names")
  }

  @Test func aFileThatIsNotItsManifestsIsNotEncoded() throws {
    let base = [UInt8](repeating: 1, count: 5000)
    let result = [UInt8](repeating: 2, count: 5000)
    let right = try FileIdentity(of: ByteArray(result))
    let encoder = Encoder(base: (ByteArray(base), right), result: (ByteArray(result), right))
    let error = #expect(throws: CommandError.self) { try Self.encoded(encoder, .subtract) }
    #expect(error?.message == "the old file is not what its manifest says; export that version again")
    #expect(throws: CommandError.self) { try encoder.plan() }
  }

  // MARK: Steps

  private static func encoder(
    _ base: [UInt8],
    _ result: [UInt8],
    _ settings: DeltaSettings = DeltaSettings()
  ) throws -> Encoder {
    let (base, result) = (ByteArray(base), ByteArray(result))
    return Encoder(
      base: (base, try FileIdentity(of: base)),
      result: (result, try FileIdentity(of: result)),
      settings: settings
    )
  }

  private static func encoded(_ encoder: Encoder, _ method: DeltaMethod) throws -> [UInt8] {
    var delta: [UInt8] = []
    try encoder.encode(method) { delta += $0 }
    return delta
  }

  private static func decoded(
    _ delta: [UInt8],
    base: [UInt8]?,
    _ expected: FileIdentity,
    _ settings: DeltaSettings = DeltaSettings()
  ) throws -> [UInt8] {
    var result: [UInt8] = []
    let decoder = try DeltaDecoder(ByteArray(delta), expecting: expected, settings: settings)
    try decoder.decode(from: base.map { ByteArray($0) }) { result += $0 }
    return result
  }

  private static func flipped(_ bytes: [UInt8], _ bit: Int) -> [UInt8] {
    var bytes = bytes
    bytes[bit / 8] ^= 1 << (bit % 8)
    return bytes
  }
}
