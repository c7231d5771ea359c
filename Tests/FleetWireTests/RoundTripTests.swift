import FleetCore
import FleetTestSupport
import FoundationEssentials
import GRPCCore
import SwiftProtobuf
import Testing

@testable import FleetWire

@Suite struct RoundTripTests {
  @Test func `Every frame comes back as it was sent`() throws {
    var random = SeededRandom()
    for round in 0..<300 {
      let frame = random.frame()
      let bytes: [UInt8] = try Fleet_V1_Frame(frame).serializedBytes()
      let back = try Frame(wire: Fleet_V1_Frame(serializedBytes: bytes))
      #expect(back == frame, "round \(round), \(random)")
    }
  }

  @Test func `A frame of a usual node takes under 2 KB`() throws {
    var random = SeededRandom(seed: 7)
    var recorder = LatencyRecorder()
    for _ in 0..<100_000 {
      recorder.record(microseconds: UInt64(1000 * (1 + 8 * pow4(Double.random(in: 0...1, using: &random)))))
    }
    var frame = Frame(
      node: TestFleet.austin,
      sequence: 86_400,
      agentStarted: Date(),
      time: Date(),
      engine: EngineStatus(state: .serving, pid: 4242, runtime: "OpenVINO 2026.4.1", device: "CPU"),
      accelerators: [AcceleratorReadings(kind: "cpu", name: "Intel(R) N97", utilization: .measured(0.41))]
    )
    var model = ModelStatus(name: "tag-reader", version: 3, digest: random.digest(), requests: 100_000)
    model.latency = recorder.snapshot
    frame.models = [model]
    let bytes: [UInt8] = try Fleet_V1_Frame(frame).serializedBytes()
    #expect(recorder.snapshot.buckets.count > 100)
    #expect(bytes.count < 2000, "\(bytes.count) bytes with \(recorder.snapshot.buckets.count) buckets")
  }

  @Test func `Dates keep every bit`() {
    var random = SeededRandom()
    for _ in 0..<2000 {
      let date = random.date()
      #expect(Date(wireNanoseconds: date.wireNanoseconds) == date, "\(random)")
    }
    let epoch = Date(timeIntervalSince1970: 0)
    #expect(epoch.wireNanoseconds == 0)
    #expect(Date.distantFuture.wireNanoseconds == .max && Date.distantPast.wireNanoseconds == .min)
  }

  @Test func `Each command comes back as it was sent`() throws {
    var random = SeededRandom()
    for _ in 0..<200 {
      let version = TestVersion(
        ModelVersion(name: random.nodeName().node, number: Int.random(in: 1...99, using: &random)),
        contents: [random.nodeName().node: random.bytes(20), "b/\(random.nodeName().node)": random.bytes(1)]
      )
      let signature = random.chance(0.5) ? random.signature() : nil
      let stage = Fleet_V1_StageRequest(version.manifest, signature: signature)
      #expect(try ModelManifest(wire: stage) == version.manifest, "\(random)")
      #expect(try ManifestSignature.optional(wire: stage) == signature, "\(random)")
      let total = Int.random(in: 0...10_000, using: &random)
      let result = GoldenResult(right: Int.random(in: 0...total, using: &random), total: total)
      #expect(try GoldenResult(wire: Fleet_V1_GoldenResult(result)) == result, "\(random)")
      let entry = RepositoryEntry(
        version: version.version,
        digest: version.digest,
        bytes: version.manifest.totalBytes,
        role: [.active, .previous, .stored].randomElement(using: &random) ?? .stored,
        problem: random.chance(0.5) ? random.text() : nil,
        isProvisional: random.chance(0.5)
      )
      #expect(try RepositoryEntry(wire: Fleet_V1_RepositoryEntry(entry), "entry") == entry, "\(random)")
      let change = random.change()
      #expect(try NodeChange(wire: Fleet_V1_NodeChange(change), "change") == change, "\(random)")
      let chunk = FileChunk(
        digest: version.digest,
        path: "a/b",
        offset: .random(in: 0...1 << 50),
        bytes: random.bytes(99)
      )
      #expect(try FileChunk(wire: Fleet_V1_WriteRequest(chunk)) == chunk, "\(random)")
      let delta = FileTransfer.Delta(
        sha256: SHA256Text.hash(random.bytes(8)),
        bytes: .random(in: 0...1 << 50),
        baseSHA256: SHA256Text.hash(random.bytes(8))
      )
      let transfer = FileTransfer(digest: version.digest, path: "a/b", offset: .random(in: 0...1 << 50), delta: delta)
      #expect(try FileTransfer(wire: Fleet_V1_SendRequest(transfer)) == transfer, "\(random)")
      let partial = PartialDelta(sha256: SHA256Text.hash(random.bytes(8)), receivedBytes: .random(in: 0...1 << 50))
      let staged = [
        StagedFile(path: "a", receivedBytes: 1, totalBytes: 2, delta: random.chance(0.5) ? partial : nil)
      ]
      #expect(try StagedFile.list(wire: Fleet_V1_StageReply(staged)) == staged, "\(random)")
      let fetch = FetchOrder(
        digest: version.digest,
        sibling: random.nodeName(),
        address: "10.0.0.1:9000",
        bytesPerSecond: random.chance(0.5) ? .random(in: 1...1 << 50) : nil
      )
      #expect(try FetchOrder(wire: Fleet_V1_FetchRequest(fetch)) == fetch, "\(random)")
      let part = FilePart(
        digest: version.digest,
        path: "a/b",
        offset: .random(in: 0...1 << 50),
        count: Int.random(in: 1...FileTransfer.maximumPieceBytes, using: &random)
      )
      #expect(try FilePart(wire: Fleet_V1_ReadRequest(part)) == part, "\(random)")
      let order = DrainOrder(
        reason: random.text(),
        orderedBy: random.text(),
        deadline: .milliseconds(Int64.random(in: 0...600_000, using: &random)),
        isForced: random.chance(0.5)
      )
      #expect(try DrainOrder(wire: Fleet_V1_DrainRequest(order)) == order, "\(random)")
      let request = FrameRequest(
        interval: .milliseconds(Int64.random(in: 100...60_000, using: &random)),
        history: Int.random(in: 0...600, using: &random)
      )
      #expect(FrameRequest(wire: Fleet_V1_WatchRequest(request)) == request, "\(random)")
    }
  }

  @Test func `Each error keeps its code and its words`() throws {
    for code in CommandError.Code.allCases {
      let error = CommandError(code, "'/var/lib/modèles' is full:\n10 % more of ‘tag-reader@2’ is needed; free some")
      #expect(ErrorCoding.commandError(ErrorCoding.status(error)) == error)
    }
    let long = CommandError(.invalid, String(repeating: "é", count: 5000))
    let back = try #require(ErrorCoding.commandError(ErrorCoding.status(long)))
    #expect(back.message.utf8.count <= 4000 && back.message.hasSuffix("é…"))
    #expect(ErrorCoding.commandError(RPCError(code: .unavailable, message: "no metadata")) == nil)
  }

  @Test func `An interval that is missing means a second, others are held within bounds`() {
    #expect(FrameRequest(wire: Fleet_V1_WatchRequest()).interval == .seconds(1))
    var wire = Fleet_V1_WatchRequest()
    wire.intervalMilliseconds = .max
    wire.history = .max
    #expect(FrameRequest(wire: wire) == FrameRequest(interval: .seconds(60), history: 600))
  }

  private func pow4(_ value: Double) -> Double { value * value * value * value }
}

extension SeededRandom {
  fileprivate mutating func signature() -> ManifestSignature {
    func hexadecimal(_ bytes: [UInt8]) -> String {
      bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
    return ManifestSignature(
      key: hexadecimal(bytes(32)),
      counter: next(),
      expires: chance(0.5) ? Double.random(in: 0...4e9, using: &self) : nil,
      signature: hexadecimal(bytes(64))
    )
  }
}
