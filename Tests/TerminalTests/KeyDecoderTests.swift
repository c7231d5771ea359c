import Testing

@testable import Terminal

@Suite struct KeyDecoderTests {
  @Test(arguments: [
    ("a", [Key.character("a")]), ("é", [.character("é")]), ("日", [.character("日")]), ("\r", [.enter]), ("\t", [.tab]),
    ("\u{7F}", [.backspace]), ("\u{3}", [.control("c")]), ("\u{1B}[A", [.up]), ("\u{1B}OB", [.down]),
    ("\u{1B}[1;5C", [.right]),
    ("\u{1B}[Z", [.backTab]), ("\u{1B}[3~", [.delete]), ("\u{1B}[5~", [.pageUp]), ("\u{1B}[15~", [.function(5)]),
    ("\u{1B}OP", [.function(1)]), ("\u{1B}[[A", [.function(1)]), ("\u{1B}[200~", []), ("\u{1B}[?1;2c", []),
    ("\u{1B}x", []),
    ("ab\u{1B}[Dc", [.character("a"), .character("b"), .left, .character("c")]),
  ])
  func decodes(_ text: String, _ keys: [Key]) {
    var decoder = KeyDecoder()
    let decoded = decoder.feed(text.utf8)
    #expect(decoded == keys)
    #expect(!decoder.isWaiting)
  }

  @Test func escapeAloneIsTheKeyOnceNothingMoreComes() {
    var decoder = KeyDecoder()
    let atOnce = decoder.feed([0x1B])
    #expect(atOnce.isEmpty)
    #expect(decoder.isWaiting)
    let later = decoder.flush()
    #expect(later == [.escape])
    let twice = decoder.feed([0x1B, 0x1B]) + decoder.flush()
    #expect(twice == [.escape, .escape])
  }

  @Test func sequencesMayComeByteByByte() {
    var decoder = KeyDecoder()
    var keys: [Key] = []
    for byte in Array("\u{1B}[1;2Aé".utf8) { keys += decoder.feed([byte]) }
    #expect(keys == [.up, .character("é")])
  }

  @Test func noiseNeitherGrowsNorSticks() {
    let seed = UInt64.random(in: 0 ... .max)
    var random = SplitMix(seed: seed)
    var decoder = KeyDecoder()
    for _ in 0..<20_000 { _ = decoder.feed([UInt8.random(in: 0...255, using: &random)]) }
    _ = decoder.flush()
    #expect(!decoder.isWaiting, "seed \(seed)")
    let after = decoder.feed(Array("q".utf8))
    #expect(after == [.character("q")], "seed \(seed)")
  }
}

/// Steele, Lea, Flood: Fast splittable pseudorandom number generators (2014).
struct SplitMix: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
