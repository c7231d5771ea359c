import FleetAgent
import FleetConsole
import FleetCore
import FleetTestSupport
import FleetTransfer
import FleetWire
import Foundation
import Synchronization
import Testing

/// Versions on their way from an operator's disk to a node's, over real TLS.
@Suite(.serialized) struct TransferTests {
  @Test func aBrokenLineCostsOnePieceAtMost() async throws {
    var random = SeededRandom()
    let link = try await TestLink()
    let model = try link.model(1, ["model.onnx": random.bytes(48 << 20), "labels.txt": random.bytes(300)])
    let budgets = (0..<100).map { _ in Int.random(in: 20_000...900_000, using: &random) }
    let line = BreakingLine()
    try await link.serving { server in
      try await line.run(to: server) { address in
        var lost: [Int] = []
        for budget in budgets {
          // A console that begins anew each time, as after a loss of the line for long.
          let remote = try link.remote(at: address)
          let before = try await Self.received(model, link)
          let (carried, breaks) = (line.carried, line.breaks)
          line.breakAfter(budget)
          while line.breaks == breaks, try await Self.received(model, link) < model.manifest.totalBytes {
            do throws(CommandError) { try await Self.push(model, to: remote) } catch {
              #expect(error.code == .unreachable, "\(error.message)")
            }
          }
          remote.close()
          try await eventually("what came is written") { await !link.agent.isReceiving(model.manifest.digest) }
          let kept = Int(try await Self.received(model, link) - before)
          lost.append(line.carried - carried - kept)
        }
        #expect(line.breaks == 100, "\(line.breaks) breaks")
        lost.sort()
        // What TLS and the announcement take is in it. A node that keeps up with its line loses the piece that is cut, and one that is
        // slow never more than the largest piece there is.
        let (usual, worst) = (lost[lost.count / 2], lost[lost.count - 1])
        let overhead = 32 * 1024
        print("to be sent again after a break: \(usual) bytes in the middle, \(worst) at worst")
        #expect(usual <= FileTransfer.usualPieceBytes + overhead)
        #expect(worst <= FileTransfer.maximumPieceBytes + overhead)
        line.breakAfter(nil)
        try await Self.push(model, to: try link.remote(at: address))
      }
    }
    #expect(try await link.agent.describe().repository.map(\.digest) == [model.manifest.digest])
  }

  @Test func aCappedTransferIsCompressedAndKeepsToItsRate() async throws {
    var weights = Weights(SeededRandom())
    let link = try await TestLink()
    let model = try link.model(1, ["model.onnx": weights.trained(6 << 20)])
    let line = BreakingLine()
    try await link.serving { server in
      try await line.run(to: server) { address in
        let remote = try link.remote(at: address)
        let pace = TransferPace(TransferLimits(node: try ByteRate(parsing: "2MB/s")))
        let began = ContinuousClock.now
        try await Self.push(model, to: remote, pace: pace)
        let took = began.duration(to: .now).seconds
        #expect(line.carried < 6 << 20, "\(line.carried) bytes: compressed, they are fewer than the file")
        let rate = Double(line.carried) / took
        #expect(rate <= 1.05 * 2 * 1_048_576 && rate >= 0.9 * 2 * 1_048_576, "\(rate) bytes per second")
      }
    }
    #expect(try await link.agent.describe().repository.map(\.digest) == [model.manifest.digest])
  }

  @Test func anInterruptedFileIsHashedFromItsBeginning() async throws {
    var random = SeededRandom()
    let link = try await TestLink()
    let bytes = random.bytes(3_000_000)
    let model = try link.model(1, ["a.bin": bytes])
    let digest = model.manifest.digest
    _ = try await link.agent.execute(.stage(model.manifest))
    let half = FilePieces(Array(bytes.prefix(1_000_000)), pieceBytes: 100_000)
    #expect(try await link.agent.send(FileTransfer(digest: digest, path: "a.bin", offset: 0), half) == 1_000_000)
    // The file was changed behind the agent's back: its hash tells.
    let path = link.folder.path("state-a/repository/.staging/\(digest.text.dropFirst(7))/a.bin")
    try Data([1, 2, 3]).write(to: URL(fileURLWithPath: path))
    let rest = FilePieces(Array(bytes.dropFirst(3)), pieceBytes: 100_000)
    let error = await #expect(throws: CommandError.self) {
      try await link.agent.send(FileTransfer(digest: digest, path: "a.bin", offset: 3), rest)
    }
    #expect(error?.code == .corrupt)
    // What overlaps with what is there already is left out.
    let again = FilePieces(bytes, pieceBytes: 100_000)
    _ = try await link.agent.execute(.write(FileChunk(digest: digest, path: "a.bin", offset: 0, bytes: [bytes[0]])))
    #expect(try await link.agent.send(FileTransfer(digest: digest, path: "a.bin", offset: 0), again) == 3_000_000)
    #expect(try await link.agent.describe().repository.count == 1)
  }

  @Test func aLaterStreamTakesTheFirstOnesPlace() async throws {
    var random = SeededRandom()
    let link = try await TestLink()
    let bytes = random.bytes(500_000)
    let model = try link.model(1, ["a.bin": bytes])
    let transfer = FileTransfer(digest: model.manifest.digest, path: "a.bin", offset: 0)
    _ = try await link.agent.execute(.stage(model.manifest))
    let gate = AsyncStream<Void>.makeStream()
    let count = Mutex(0)
    let slow = FilePieces { () async throws(CommandError) in
      let number = count.withLock { count in
        count += 1
        return count
      }
      if number == 2 { for await _ in gate.stream { break } }
      return Array(bytes.prefix(1000))
    }
    async let first: UInt64 = link.agent.send(transfer, slow)
    try await eventually("the first stream is under way") { count.withLock { $0 } == 2 }
    #expect(try await link.agent.send(transfer, FilePieces(bytes, pieceBytes: 50_000)) == 500_000)
    gate.continuation.finish()
    do {
      let received = try await first
      Issue.record("expected a conflict, found \(received)")
    } catch {
      #expect((error as? CommandError)?.code == .conflict, "\(error)")
    }
    #expect(try await link.agent.describe().repository.count == 1)
  }

  // MARK: Steps

  private static func received(_ model: LocalModel, _ link: TestLink) async throws -> UInt64 {
    guard case .staged(let files) = try await link.agent.execute(.stage(model.manifest)) else { return 0 }
    return files.reduce(0) { $0 + $1.receivedBytes }
  }

  private static func push(
    _ model: LocalModel,
    to agent: any NodeAgent,
    pace: TransferPace = TransferPace()
  ) async throws(CommandError) {
    guard case .staged(let files) = try await agent.execute(.stage(model.manifest)) else { return }
    try await FileSender(model, pace: pace).send(files, to: agent) { _ in }
  }
}
