import FleetCore
import FleetTestSupport
import Synchronization
import Testing

@testable import FleetWire

/// Files on their way over the wire: nobody sends faster than the node takes, and nobody waits for one that takes nothing.
@Suite struct StreamTests {
  @Test func `A node that takes nothing holds up its sender, and is given up`() async throws {
    let fleet = try TestFleet()
    let pulled = Mutex(0)
    try await withServer(of: FullAgent(name: TestFleet.austin), fleet.node()) { address in
      let remote = try RemoteAgent(
        name: TestFleet.austin,
        address: address,
        credentials: fleet.operator(),
        deadlines: Deadlines(write: .milliseconds(700))
      )
      _ = try await remote.execute(.stage(TestVersion.tiny(1).manifest))
      #expect(remote.sendEncodings == [.raw])
      let transfer = FileTransfer(digest: TestVersion.tiny(1).digest, path: "model.onnx", offset: 0)
      let endless = FilePieces { () async throws(CommandError) in
        pulled.withLock { $0 += 1 }
        return [UInt8](repeating: 1, count: 256 * 1024)
      }
      let error = await #expect(throws: CommandError.self) {
        try await within(.seconds(10), "giving up") { try await remote.send(transfer, endless) }
      }
      #expect(error?.code == .timeout)
      #expect(error?.message.contains("did not answer 'send' within 700ms") == true, "\(error?.message ?? "")")
    }
    // What the windows and queues of both ends hold.
    #expect(pulled.withLock { $0 } < 64, "\(pulled.withLock { $0 }) pieces of 256 KB left the sender")
  }

  @Test func `A sender that takes its time is not given up`() async throws {
    let fleet = try TestFleet()
    let version = TestVersion.tiny(1)
    let bytes = version.contents["model.onnx"] ?? []
    try await withServer(of: SimulatedAgent(name: TestFleet.austin), fleet.node()) { address in
      let remote = try RemoteAgent(
        name: TestFleet.austin,
        address: address,
        credentials: fleet.operator(),
        deadlines: Deadlines(write: .milliseconds(500))
      )
      _ = try await remote.execute(.stage(version.manifest))
      let offset = Mutex(0)
      let slow = FilePieces { () async throws(CommandError) in
        try? await Task.sleep(for: .milliseconds(400))
        return offset.withLock { offset in
          guard offset < bytes.count else { return nil }
          defer { offset += 1000 }
          return Array(bytes[offset..<min(offset + 1000, bytes.count)])
        }
      }
      let transfer = FileTransfer(digest: version.digest, path: "model.onnx", offset: 0)
      #expect(try await remote.send(transfer, slow) == UInt64(bytes.count))
    }
  }

  @Test func `A message that does not fit is refused in words`() throws {
    func wrong(_ change: (inout Fleet_V1_SendRequest) -> Void) -> String? {
      var request = Fleet_V1_SendRequest(FileTransfer(digest: TestVersion.tiny(1).digest, path: "a", offset: 7))
      change(&request)
      do throws(CommandError) {
        _ = try FileTransfer(wire: request)
        return nil
      } catch { return error.message }
    }
    #expect(wrong { _ in } == nil)
    #expect(wrong { $0 = Fleet_V1_SendRequest(piece: [1]) }?.contains("begins with what it brings") == true)
    #expect(wrong { $0.header.encoding = .UNRECOGNIZED(7) }?.contains("7 is not known here") == true)
    #expect(wrong { $0.header.encoding = .unspecified }?.contains("0 is not known here") == true)
    #expect(wrong { $0.header.offset = .max }?.contains("header.offset") == true)
    #expect(wrong { $0.header.digest = "sha256:1" }?.contains("header.digest") == true)
    #expect(wrong { $0.header.encoding = .delta }?.contains("header.delta") == true)
    #expect(wrong { $0.header.delta.bytes = 7 }?.contains("goes with the encoding of a delta") == true)
    let hash = String(repeating: "a", count: 64)
    func wrongDelta(_ change: (inout Fleet_V1_SendDelta) -> Void) -> String? {
      wrong { request in
        request.header.encoding = .delta
        request.header.delta.sha256 = hash
        request.header.delta.baseSha256 = hash
        change(&request.header.delta)
      }
    }
    #expect(wrongDelta { _ in } == nil)
    #expect(wrongDelta { $0.sha256 = "../x" }?.contains("header.delta.sha256") == true)
    #expect(wrongDelta { $0.baseSha256 = hash.uppercased() }?.contains("header.delta.base_sha256") == true)
    #expect(wrongDelta { $0.bytes = .max }?.contains("header.delta.bytes") == true)
    #expect(throws: CommandError.self) { try FileTransfer(wire: nil) }
    let large = Fleet_V1_SendRequest(piece: [UInt8](repeating: 0, count: FileTransfer.maximumPieceBytes + 1))
    #expect(throws: CommandError.self) { try FileTransfer.piece(wire: large) }
    let header = Fleet_V1_SendRequest(FileTransfer(digest: TestVersion.tiny(1).digest, path: "a", offset: 0))
    #expect(throws: CommandError.self) { try FileTransfer.piece(wire: header) }
  }
}

/// Takes no piece of any file.
private struct FullAgent: NodeAgent {
  let name: NodeName

  func describe() async throws(CommandError) -> NodeDescription { try await SimulatedAgent(name: name).describe() }

  func frames(_ request: FrameRequest) -> AsyncThrowingStream<Frame, any Error> { AsyncThrowingStream { $0.finish() } }

  func execute(_ command: Command) async throws(CommandError) -> Outcome { .staged([]) }

  func send(_ transfer: FileTransfer, _ pieces: FilePieces) async throws(CommandError) -> UInt64 {
    for await _ in AsyncStream<Never>.makeStream().stream {}
    throw CommandError(.conflict, "stopped")
  }
}
