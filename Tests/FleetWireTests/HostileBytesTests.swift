import FleetCore
import FleetTestSupport
import SwiftProtobuf
import Testing

@testable import FleetWire

/// A peer may be another program, another release or an attacker: it may cost us a message, never the process.
@Suite struct HostileBytesTests {
  @Test func `Damaged frames are refused or are frames`() throws {
    var random = SeededRandom()
    var refused = 0
    let rounds = 800
    for _ in 0..<rounds {
      var bytes: [UInt8] = try Fleet_V1_Frame(random.frame()).serializedBytes()
      for _ in 0..<Int.random(in: 1...4, using: &random) { damage(&bytes, &random) }
      do {
        let frame = try Frame(wire: Fleet_V1_Frame(serializedBytes: bytes))
        let again: [UInt8] = try Fleet_V1_Frame(frame).serializedBytes()
        #expect(try Frame(wire: Fleet_V1_Frame(serializedBytes: again)) == frame, "\(random)")
      } catch {
        refused += 1
        #expect(error is CommandError || error is BinaryDecodingError, "\(error), \(random)")
      }
    }
    #expect(refused > rounds / 4 && refused < rounds, "\(refused) of \(rounds) refused, \(random)")
  }

  @Test func `Noise is refused by every message`() {
    var random = SeededRandom()
    for _ in 0..<2000 {
      let bytes = random.bytes(Int.random(in: 0...200, using: &random))
      _ = try? Frame(wire: Fleet_V1_Frame(serializedBytes: bytes))
      _ = try? NodeDescription(wire: Fleet_V1_NodeDescription(serializedBytes: bytes))
      _ = try? ModelManifest(wire: Fleet_V1_StageRequest(serializedBytes: bytes)).problems
      _ = try? ManifestSignature.optional(wire: Fleet_V1_StageRequest(serializedBytes: bytes))
      _ = try? GoldenResult(wire: Fleet_V1_GoldenResult(serializedBytes: bytes))
      _ = try? FileChunk(wire: Fleet_V1_WriteRequest(serializedBytes: bytes))
      _ = try? DrainOrder(wire: Fleet_V1_DrainRequest(serializedBytes: bytes))
      _ = try? StagedFile.list(wire: Fleet_V1_StageReply(serializedBytes: bytes))
      _ = try? Activation(wire: Fleet_V1_Activation(serializedBytes: bytes))
    }
  }

  struct Case: Sendable, CustomTestStringConvertible {
    let words: String
    let damage: @Sendable (inout Fleet_V1_Frame) -> Void

    init(_ words: String, _ damage: @escaping @Sendable (inout Fleet_V1_Frame) -> Void) {
      self.words = words
      self.damage = damage
    }

    var testDescription: String { words }
  }

  static let cases: [Case] = [
    Case("node: 'austin' is not a node's name") { $0.node = "austin" },
    Case("node: '../..' is not a node's name") { $0.node = "../.." },
    Case("health: unknown value 9") { $0.health = .UNRECOGNIZED(9) },
    Case("availability: unknown value 0") { $0.availability = .unspecified },
    Case("engine.state: unknown value 0") { $0.engine.state = .unspecified },
    Case("sequence: 18446744073709551615 is more than any node counts") { $0.sequence = .max },
    Case("memory_used_bytes: neither a value nor a reason for its absence") { $0.clearMemoryUsedBytes() },
    Case("memory_used_bytes: nan is not a value of a node") { $0.memoryUsedBytes.measured = .nan },
    Case("memory_used_bytes: inf is not a value of a node") { $0.memoryUsedBytes.estimated = .infinity },
    Case("reasons: 65 entries are more than the 64 allowed") { $0.reasons = Array(repeating: "hot", count: 65) },
    Case("reasons: 5000 bytes are too many") { $0.reasons = [String(repeating: "x", count: 5000)] },
    Case("models.name: '' is not a model's name") { $0.models = [Fleet_V1_ModelStatus()] },
    Case("models.latency: 1 latencies for 0 counts") { $0.models[0].latency.microsecondSteps = [1] },
    Case("models.latency: a count of 0") { frame in
      frame.models[0].latency.microsecondSteps = [1]
      frame.models[0].latency.counts = [0]
    },
    Case("models.latency: the same latency twice") { frame in
      frame.models[0].latency.microsecondSteps = [5, 0]
      frame.models[0].latency.counts = [1, 1]
    },
    Case("models.latency: a latency beyond any that nodes record") { frame in
      frame.models[0].latency.microsecondSteps = [1 << 40, .max]
      frame.models[0].latency.counts = [1, 1]
    },
    Case("models.latency: a count of 18446744073709551615") { frame in
      frame.models[0].latency.microsecondSteps = [1, 1]
      frame.models[0].latency.counts = [.max, .max]
    },
    Case("models.latency: 4097 entries are more than the 4096 allowed") { frame in
      frame.models[0].latency.microsecondSteps = Array(repeating: 1, count: 4097)
      frame.models[0].latency.counts = Array(repeating: 1, count: 4097)
    },
  ]

  @Test(arguments: cases) func `What is wrong in a frame is named`(_ entry: Case) throws {
    var random = SeededRandom(seed: 1)
    var frame = random.frame()
    frame.models = [ModelStatus(name: "tag-reader", version: 1, digest: random.digest())]
    var wire = Fleet_V1_Frame(frame)
    entry.damage(&wire)
    let error = #expect(throws: CommandError.self) { try Frame(wire: wire) }
    #expect(error == CommandError(.invalid, entry.words))
  }

  @Test func `A node's words cannot drive the operator's terminal`() throws {
    var random = SeededRandom(seed: 2)
    var wire = Fleet_V1_Frame(random.frame())
    wire.reasons = ["\u{1B}[2Jgone\u{9B}31m\nnext\u{7F}"]
    #expect(try Frame(wire: wire).reasons == ["\u{FFFD}[2Jgone\u{FFFD}31m\u{FFFD}next\u{FFFD}"])
  }

  @Test func `More right answers than questions, and endless signatures, are refused`() throws {
    var result = Fleet_V1_GoldenResult()
    (result.right, result.total) = (301, 300)
    let more = #expect(throws: CommandError.self) { try GoldenResult(wire: result) }
    #expect(more == CommandError(.invalid, "right: 301 of 300 answers are right"))
    var stage = Fleet_V1_StageRequest()
    stage.signature.signature = String(repeating: "f", count: 5000)
    let long = #expect(throws: CommandError.self) { try ManifestSignature.optional(wire: stage) }
    #expect(long == CommandError(.invalid, "signature.signature: 5000 bytes are too many"))
    stage.signature = Fleet_V1_ManifestSignature()
    stage.signature.expires = .nan
    let never = #expect(throws: CommandError.self) { try ManifestSignature.optional(wire: stage) }
    #expect(never?.message.hasPrefix("signature.expires: nan is not") == true)
  }

  private func damage(_ bytes: inout [UInt8], _ random: inout SeededRandom) {
    guard !bytes.isEmpty else { return }
    let index = Int.random(in: 0..<bytes.count, using: &random)
    switch Int.random(in: 0...4, using: &random) {
    case 0: bytes[index] ^= 1 << UInt8.random(in: 0...7, using: &random)
    case 1: bytes.insert(UInt8.random(in: 0...255, using: &random), at: index)
    case 2: bytes.remove(at: index)
    case 3: bytes[index] = 0xFF
    default: bytes.removeSubrange(Int.random(in: index..<bytes.count, using: &random)...)
    }
  }
}
