import FleetAgent
import FleetCore
import FleetTestSupport
import FleetTransfer
import FleetWire
import Foundation
import Synchronization
import Testing

@testable import FleetConsole

/// Versions that come as deltas against one that the node has, to the agent itself and over real TLS.
@Suite(.serialized) struct DeltaTransferTests {
  private static let bytes = 2 << 20

  @Test func aDeltaMakesTheVersionForLittle() async throws {
    var weights = Weights(SeededRandom())
    let link = try await TestLink()
    let old = weights.trained(Self.bytes)
    let first = try link.model(1, ["model.onnx": old, "labels.txt": Array("a b c".utf8)])
    let second = try link.model(
      2,
      ["model.onnx": weights.lastLayerReplaced(old), "labels.txt": Array("a b d".utf8)]
    )
    let line = BreakingLine()
    try await link.serving { server in
      try await line.run(to: server) { address in
        let remote = try link.remote(at: address)
        #expect(try await Self.bring(first, to: remote).text == "in full: 2.1 MB")
        let before = line.carried
        let news = Mutex<[TransferNews]>([])
        let delivery = try await Self.bring(second, to: remote) { one in news.withLock { $0.append(one) } }
        let carried = line.carried - before
        print("a delta of \(delivery.sentBytes) bytes for \(delivery.missingBytes), \(carried) with all around it")
        #expect(delivery.bases == [first.version] && delivery.fallbacks == [])
        #expect(delivery.text.hasPrefix("delta of @1: ") && delivery.text.hasSuffix(" of 2.1 MB"))
        #expect(UInt64(carried) * 10 < delivery.missingBytes)
        #expect(carried < Int(delivery.sentBytes) + 32 * 1024, "what is told as sent is what went")
        #expect(news.withLock { $0.contains { if case .delta(first.version, _, _) = $0 { true } else { false } } })
      }
    }
    try await Self.expectWhole(second, on: link)
  }

  @Test func aBrokenDeltaIsGoneOnWith() async throws {
    var random = SeededRandom()
    var weights = Weights(random)
    let link = try await TestLink()
    let old = weights.trained(Self.bytes)
    let first = try link.model(1, ["model.onnx": old])
    let second = try link.model(2, ["model.onnx": old.dropLast(150_000) + weights.trained(150_000)])
    let breaks = (0..<2).map { _ in Int.random(in: 48_000...56_000, using: &random) }
    let line = BreakingLine()
    try await link.serving { server in
      try await line.run(to: server) { address in
        try await Self.bring(first, to: try link.remote(at: address))
        let deltas = DeltaLibrary(for: second)
        // Pieces are small enough for something to be there when the line breaks.
        let pace = TransferPace(TransferLimits(node: try ByteRate(parsing: "256KB/s")))
        var kept: [UInt64] = []
        for budget in breaks {
          let remote = try link.remote(at: address)
          line.breakAfter(budget)
          let news = Mutex(0)
          let task = Task {
            try await Self.bring(second, to: remote, pace: pace, deltas) { one in
              if case .retrying = one { news.withLock { $0 += 1 } }
            }
          }
          // As a console that ends when its line does.
          try await eventually("the line broke", within: .seconds(60)) { news.withLock { $0 } > 0 }
          task.cancel()
          _ = await task.result
          remote.close()
          try await eventually("what came is written") { await !link.agent.isReceiving(second.manifest.digest) }
          kept.append(try await Self.partial(second, link))
        }
        #expect(kept[0] > 0 && kept[1] > kept[0], "\(kept) bytes of the delta are there")
        line.breakAfter(nil)
        let delivery = try await Self.bring(second, to: try link.remote(at: address), deltas)
        let whole = try await Self.offer(first, second)
        #expect(delivery.sentBytes == whole - kept[1], "only what was missing went")
      }
    }
    try await Self.expectWhole(second, on: link)
  }

  /// Any bit of what comes, or of what it was made against.
  @Test(arguments: [false, true]) func aFlippedBitMakesItComeInFull(_ isOverTheWire: Bool) async throws {
    var random = SeededRandom()
    var weights = Weights(random)
    let link = try await TestLink()
    var last = weights.trained(40_000)
    let first = try link.model(1, ["model.onnx": last])
    let rounds = 12
    var models: [LocalModel] = []
    for number in 2..<2 + rounds {
      last = weights.someMoved(last)
      models.append(try link.model(number, ["model.onnx": last]))
    }
    let bits = (0..<rounds).map { _ in UInt64.random(in: 0...UInt64.max, using: &random) }
    let versions = models
    @Sendable func body(_ agent: any NodeAgent) async throws {
      try await Self.bring(first, to: agent)
      var base = first
      for (number, model) in versions.enumerated() {
        let flipping = FlippingAgent(agent, bit: bits[number])
        // The next base comes from a console that keeps its word.
        let delivery = try await Self.bring(model, to: flipping)
        #expect(flipping.hasFlipped)
        #expect(delivery.bases == [] && delivery.sentBytes > delivery.missingBytes)
        let words = delivery.fallbacks.joined()
        #expect(words.hasPrefix("'model.onnx' in full after all: "), "\(words)")
        try await Self.expectWhole(model, on: link)
        try await Self.expectWhole(base, on: link)
        base = model
      }
    }
    if isOverTheWire {
      try await link.serving { address in try await body(link.remote(at: address)) }
    } else {
      try await body(link.agent)
    }
  }

  @Test(arguments: [false, true]) func aBaseThatChangedOnTheNodeIsFound(_ isOverTheWire: Bool) async throws {
    var random = SeededRandom()
    var weights = Weights(random)
    let link = try await TestLink()
    let old = weights.trained(300_000)
    let first = try link.model(1, ["model.onnx": old])
    let second = try link.model(2, ["model.onnx": weights.someMoved(old)])
    let bit = Int.random(in: 0..<old.count * 8, using: &random)
    @Sendable func body(_ agent: any NodeAgent) async throws {
      try await Self.bring(first, to: agent)
      var damaged = old
      damaged[bit / 8] ^= 1 << (bit % 8)
      try Data(damaged).write(to: URL(fileURLWithPath: link.place(of: "model.onnx", 1)))
      let delivery = try await Self.bring(second, to: agent)
      #expect(delivery.bases == [] && delivery.fallbacks.count == 1, "\(delivery)")
      try await Self.expectWhole(second, on: link)
    }
    if isOverTheWire {
      try await link.serving { address in try await body(link.remote(at: address)) }
    } else {
      try await body(link.agent)
    }
  }

  @Test func whatHasNothingInCommonGoesInFullAndSaysNothing() async throws {
    var weights = Weights(SeededRandom())
    let link = try await TestLink()
    let first = try link.model(1, ["model.onnx": weights.trained(Self.bytes)])
    let second = try link.model(2, ["model.onnx": weights.trained(Self.bytes)])
    try await Self.bring(first, to: link.agent)
    let delivery = try await Self.bring(second, to: link.agent)
    #expect(delivery.isOrdinary && delivery.sentBytes == second.manifest.totalBytes)
  }

  @Test func anOldFileThatChangedHereIsNoBase() async throws {
    var weights = Weights(SeededRandom())
    let link = try await TestLink()
    let old = weights.trained(300_000)
    let first = try link.model(1, ["model.onnx": old])
    let second = try link.model(2, ["model.onnx": weights.someMoved(old)])
    try await Self.bring(first, to: link.agent)
    try Data(weights.someMoved(old)).write(to: URL(fileURLWithPath: "\(first.folder)/model.onnx"))
    let delivery = try await Self.bring(second, to: link.agent)
    #expect(delivery.fallbacks.first?.contains("the old file is not what its manifest says") == true, "\(delivery)")
    try await Self.expectWhole(second, on: link)
  }

  @Test func aNodeThatHasNoBaseSaysSoBeforeAByteComes() async throws {
    let link = try await TestLink()
    let model = try link.model(1, ["a.bin": [UInt8](repeating: 1, count: 50_000)])
    _ = try await link.agent.execute(.stage(model.manifest))
    let delta = FileTransfer.Delta(
      sha256: String(repeating: "a", count: 64),
      bytes: 1000,
      baseSHA256: String(repeating: "b", count: 64)
    )
    let transfer = FileTransfer(digest: model.manifest.digest, path: "a.bin", offset: 0, delta: delta)
    let pulled = Mutex(false)
    let pieces = FilePieces { () async throws(CommandError) in
      pulled.withLock { $0 = true }
      return nil
    }
    let error = await #expect(throws: CommandError.self) { try await link.agent.send(transfer, pieces) }
    #expect(error == CommandError(.notFound, "no version here holds the file that the delta was made against"))
    #expect(!pulled.withLock { $0 })
  }

  // MARK: Steps

  @discardableResult
  private static func bring(
    _ model: LocalModel,
    to agent: any NodeAgent,
    pace: TransferPace = TransferPace(),
    _ deltas: DeltaLibrary? = nil,
    _ tell: @escaping @Sendable (TransferNews) -> Void = { _ in }
  ) async throws(CommandError) -> Delivery {
    let deltas = deltas ?? DeltaLibrary(for: model)
    return try await ModelTransfer(model: model, agent: agent, pace: pace, deltas: deltas).run(tell)
  }

  private static func offer(_ base: LocalModel, _ model: LocalModel) async throws -> UInt64 {
    let entry = RepositoryEntry(version: base.version, digest: base.manifest.digest, bytes: 0, role: .active)
    let file = try #require(model.manifest.files.first { $0.path == "model.onnx" })
    return try #require(try await DeltaLibrary(for: model).offer(for: file, holding: [entry])).bytes
  }

  private static func partial(_ model: LocalModel, _ link: TestLink) async throws -> UInt64 {
    guard case .staged(let files) = try await link.agent.execute(.stage(model.manifest)) else { return 0 }
    return files.first { $0.path == "model.onnx" }?.delta?.receivedBytes ?? 0
  }

  /// Every byte of it, as the node's disk has it.
  private static func expectWhole(_ model: LocalModel, on link: TestLink) async throws {
    #expect(try await link.agent.describe().repository.contains { $0.digest == model.manifest.digest })
    for file in model.manifest.files {
      let bytes = try Data(contentsOf: URL(fileURLWithPath: link.place(of: file.path, model.version.number)))
      #expect(SHA256Text.hash(Array(bytes)) == file.sha256, "\(file.path) of \(model.version)")
    }
  }
}

/// Passes everything on, but one bit of a delta the other way round.
private final class FlippingAgent: NodeAgent {
  private let agent: any NodeAgent
  private let bit: UInt64
  private let flipped = Mutex(false)

  init(_ agent: any NodeAgent, bit: UInt64) {
    self.agent = agent
    self.bit = bit
  }

  var name: NodeName { agent.name }
  var sendEncodings: Set<FileTransfer.Encoding> { agent.sendEncodings }
  var hasFlipped: Bool { flipped.withLock { $0 } }

  func describe() async throws(CommandError) -> NodeDescription { try await agent.describe() }
  func frames(_ request: FrameRequest) -> AsyncThrowingStream<Frame, any Error> { agent.frames(request) }
  func execute(_ command: Command) async throws(CommandError) -> Outcome { try await agent.execute(command) }

  func send(_ transfer: FileTransfer, _ pieces: FilePieces) async throws(CommandError) -> UInt64 {
    guard let delta = transfer.delta else { return try await agent.send(transfer, pieces) }
    // These come as one piece.
    let flipping = FilePieces { [self] () async throws(CommandError) in
      guard var piece = try await pieces.next() else { return nil }
      let place = Int(bit % (delta.bytes * 8))
      guard place / 8 < piece.count else { return piece }
      piece[place / 8] ^= 1 << (place % 8)
      flipped.withLock { $0 = true }
      return piece
    }
    return try await agent.send(transfer, flipping)
  }
}
