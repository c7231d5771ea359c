import FleetCore
import FleetTestSupport
import Foundation
import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import FleetWire

/// What a console sees of nodes that are gone, stopped, slow or something else altogether: an error in time, in words.
@Suite struct LinkTests {
  private let austin = TestFleet.austin

  @Test func `A watcher learns that its node stops, and sees it come back`() async throws {
    let fleet = try TestFleet()
    let austin = austin
    let credentials = try fleet.node()
    let (address, remote) = try await withServer(of: SimulatedAgent(name: austin), credentials) { address in
      let remote = try RemoteAgent(name: austin, address: address, credentials: fleet.operator())
      for try await _ in remote.frames(FrameRequest(interval: .milliseconds(100))) { break }
      return (address, remote)
    }
    let server = try AgentServer(agent: SimulatedAgent(name: austin), address: address, credentials: credentials)
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await server.run() }
      try await eventually("the node is back") { () -> Bool? in
        for try await _ in Retried(remote).frames() { return true }
        return nil
      }
      group.addTask {
        let error = await #expect(throws: CommandError.self) {
          try await within(.seconds(10), "the end of the stream") {
            for try await _ in remote.frames(FrameRequest(interval: .milliseconds(100))) { server.shutdown() }
          }
        }
        #expect(error?.code == .unreachable)
        #expect(error?.message.hasPrefix("austin-01/a at \(address) ") == true, "\(error?.message ?? "")")
      }
      try await group.waitForAll()
    }
  }

  @Test func `An agent that falls silent ends the stream`() async throws {
    let fleet = try TestFleet()
    let austin = austin
    let agent = SimulatedAgent(name: austin)
    try await withServer(of: agent, fleet.node()) { address in
      let deadlines = Deadlines(silence: .milliseconds(400))
      let remote = try RemoteAgent(name: austin, address: address, credentials: fleet.operator(), deadlines: deadlines)
      let error = await #expect(throws: CommandError.self) {
        try await within(.seconds(5), "the end of the stream") {
          for try await _ in remote.frames(FrameRequest(interval: .milliseconds(100))) { await agent.setPaused(true) }
        }
      }
      let words = "austin-01/a at \(address) has sent nothing for 400ms; its agent may be stopped"
      #expect(error == CommandError(.unreachable, words))
    }
  }

  @Test func `Nobody listens at the address`() async throws {
    let fleet = try TestFleet()
    let address = try await withServer(of: SimulatedAgent(name: austin), fleet.node()) { $0 }
    try await expect(
      .unreachable,
      "austin-01/a at \(address) refuses connections: no agent listens there; start fleetd or check the address in fleet.yaml",
      at: address,
      fleet
    )
  }

  @Test func `The newest reason counts, not the first`() async throws {
    let fleet = try TestFleet()
    let deadlines = Deadlines(connect: .milliseconds(200))
    let (address, remote) = try await withPeer(saying: nil) { address in
      let remote = try RemoteAgent(name: austin, address: address, credentials: fleet.operator(), deadlines: deadlines)
      await expectError(.unreachable, saying: "said nothing within 200ms", of: remote, .undrain(orderedBy: "ops"))
      return (address, remote)
    }
    try await eventually("refused at \(address)") { () -> Bool? in
      do throws(CommandError) { _ = try await remote.describe() } catch {
        return error.message.contains("refuses connections") ? true : nil
      }
      return nil
    }
  }

  @Test func `The host does not exist`() async throws {
    try await expect(
      .unreachable,
      "austin-01/a at no-such-host.invalid:9000: no such host; check the address in fleet.yaml",
      at: "no-such-host.invalid:9000",
      TestFleet()
    )
  }

  @Test func `Something else answers`() async throws {
    try await withPeer(saying: "HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n") { address in
      try await expect(
        .unreachable,
        "what answers for austin-01/a at \(address) does not speak TLS, so it is no fleetd; check the address in fleet.yaml",
        at: address,
        TestFleet()
      )
    }
  }

  @Test func `A stopped agent accepts connections and says nothing`() async throws {
    try await withPeer(saying: nil) { address in
      try await expect(
        .unreachable,
        "austin-01/a at \(address) accepts connections but said nothing within 300ms; its agent may be stopped",
        at: address,
        TestFleet(),
        Deadlines(connect: .milliseconds(300))
      )
      try await expect(
        .timeout,
        "austin-01/a at \(address) did not answer 'describe' within 200ms; "
          + "it may be stopped, overloaded or cut off: look at its agent",
        at: address,
        TestFleet(),
        Deadlines(command: .milliseconds(200))
      )
    }
  }

  @Test func `A command that takes too long does not hold up others`() async throws {
    let fleet = try TestFleet()
    let austin = austin
    try await withServer(of: StuckAgent(name: austin), fleet.node()) { address in
      let deadlines = Deadlines(command: .seconds(1))
      let remote = try RemoteAgent(name: austin, address: address, credentials: fleet.operator(), deadlines: deadlines)
      async let stuck: Void = expectError(
        .timeout,
        saying: "austin-01/a at \(address) did not answer 'undrain' within 1s",
        of: remote,
        .undrain(orderedBy: "ops")
      )
      #expect(try await remote.describe().name == austin)
      await stuck

      let given = Task { () async -> CommandError? in
        do throws(CommandError) {
          _ = try await remote.execute(.rollback(model: "tag-reader"))
          return nil
        } catch { return error }
      }
      given.cancel()
      let words = "'rollback' of austin-01/a at \(address) was given up before it was answered"
      #expect(try await within(.seconds(5), "cancelling") { await given.value } == CommandError(.failed, words))
    }
  }

  @Test func `A slow watcher gets the newest frame, not all of them`() async throws {
    let fleet = try TestFleet()
    let austin = austin
    // Frames that fill the window of a watcher who does not read.
    let reasons = Array(repeating: String(repeating: "x", count: 4000), count: 30)
    let agent = SimulatedAgent(name: austin) { $0.reasons = reasons }
    try await withServer(of: agent, fleet.node()) { address in
      let remote = try RemoteAgent(name: austin, address: address, credentials: fleet.operator())
      let other = try RemoteAgent(name: austin, address: address, credentials: fleet.operator())
      var sequences: [UInt64] = []
      for try await frame in remote.frames(FrameRequest(interval: .milliseconds(100))) {
        sequences.append(frame.sequence)
        if sequences.count == 1 {
          let first = frame.sequence
          for try await frame in other.frames(FrameRequest(interval: .milliseconds(100)))
          where frame.sequence > first + 40 { break }
        }
        if frame.sequence > 41 { break }
      }
      #expect(sequences.count < 10, "\(sequences)")
    }
  }

  @Test func `All calls to a node share one connection`() async throws {
    let fleet = try TestFleet()
    let austin = austin
    try await withServer(of: SimulatedAgent(name: austin), fleet.node()) { address in
      let remote = try RemoteAgent(name: austin, address: address, credentials: fleet.operator())
      var connections: [Int] = []
      for try await _ in remote.frames(FrameRequest(interval: .milliseconds(100))) {
        async let other = remote.describe()
        _ = try await (remote.describe(), other)
        connections.append(try Self.connections(to: address))
        if connections.count == 3 { break }
      }
      #expect(connections == [1, 1, 1])
    }
  }

  @Test func `A caller that says nothing is put off`() async throws {
    let fleet = try TestFleet()
    let server = try AgentServer(
      agent: SimulatedAgent(name: austin),
      address: "127.0.0.1:0",
      credentials: fleet.node(),
      callerDeadline: .milliseconds(200)
    )
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await server.run() }
      let address = try PeerAddress(parsing: await server.boundAddress)
      let caller = try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
        .connect(host: address.host, port: address.port).get()
      try await eventually("put off", within: .seconds(5)) { !caller.isActive }
      server.shutdown()
      try await group.waitForAll()
    }
  }

  @Test func `Addresses that are none are refused`() throws {
    let credentials = try TestFleet().operator()
    for address in ["", "soon", "host:", "host:0", "host:99999", "::1:80", "[::1:80", ":80"] {
      let error = #expect(throws: CommandError.self, "\(address)") {
        try RemoteAgent(name: austin, address: address, credentials: credentials)
      }
      #expect(error == CommandError(.invalid, "expected an address HOST:PORT, found '\(address)'"))
    }
    #expect(try PeerAddress(parsing: "[::1]:80") == PeerAddress(parsing: "[::1]:80"))
  }

  @Test func `An address in use is said so`() async throws {
    let fleet = try TestFleet()
    let credentials = try fleet.node()
    let austin = austin
    try await withServer(of: SimulatedAgent(name: austin), credentials) { address in
      let second = try AgentServer(agent: SimulatedAgent(name: austin), address: address, credentials: credentials)
      let error = await #expect(throws: CommandError.self) { try await second.run() }
      #expect(error?.message.contains("cannot serve at \(address): ") == true, "\(error?.message ?? "")")
      #expect(error?.message.contains("Address already in use") == true, "\(error?.message ?? "")")
    }
  }

  // MARK: Steps

  /// Established connections to a port of this machine, as the kernel lists them (proc(5), /proc/net/tcp).
  private static func connections(to address: String) throws -> Int {
    let port = String(try PeerAddress(parsing: address).port, radix: 16, uppercase: true)
    let table = try #require(FileHandle(forReadingAtPath: "/proc/net/tcp")).readDataToEndOfFile()
    // The kernel lists a connection twice when others come and go while the table is read.
    let clients = String(decoding: table, as: UTF8.self).split(separator: "\n").compactMap { line -> Substring? in
      let columns = line.split(separator: " ")
      return columns.count > 3 && columns[2].hasSuffix(":\(port)") && columns[3] == "01" ? columns[1] : nil
    }
    return Set(clients).count
  }

  private func expect(
    _ code: CommandError.Code,
    _ words: String,
    at address: String,
    _ fleet: TestFleet,
    _ deadlines: Deadlines = Deadlines(),
    sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    let remote = try RemoteAgent(name: austin, address: address, credentials: fleet.operator(), deadlines: deadlines)
    for _ in 1...2 {
      let error = await #expect(throws: CommandError.self, sourceLocation: sourceLocation) {
        try await within(.seconds(8), "an error") { try await remote.describe() }
      }
      #expect(error == CommandError(code, words), sourceLocation: sourceLocation)
    }
  }

  /// A server that says `words` to whoever calls, or never anything.
  private func withPeer<Value>(
    saying words: String?,
    _ body: (_ address: String) async throws -> Value
  ) async throws -> Value {
    let server = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
      .childChannelInitializer { channel in
        guard let words else { return channel.eventLoop.makeSucceededVoidFuture() }
        return channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(Speaker(words: words))
        }
      }
      .bind(host: "127.0.0.1", port: 0).get()
    let port = try #require(server.localAddress?.port)
    defer { server.close(promise: nil) }
    return try await body("127.0.0.1:\(port)")
  }
}

/// Answers whatever it hears with the same words.
private final class Speaker: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer

  private let words: String

  init(words: String) { self.words = words }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    context.writeAndFlush(NIOAny(ByteBuffer(string: words)), promise: nil)
  }
}

/// Watches again when a stream ends with an error, as the console does.
private struct Retried {
  let agent: RemoteAgent

  init(_ agent: RemoteAgent) { self.agent = agent }

  func frames() -> AsyncStream<Frame> {
    AsyncStream { continuation in
      let task = Task {
        while !Task.isCancelled {
          do {
            for try await frame in agent.frames(FrameRequest(interval: .milliseconds(100))) {
              continuation.yield(frame)
            }
          } catch {
            try? await Task.sleep(for: .milliseconds(50))
          }
        }
        continuation.finish()
      }
      continuation.onTermination = { _ in task.cancel() }
    }
  }
}

/// Describes itself and never ends a command.
private struct StuckAgent: NodeAgent {
  let name: NodeName

  func describe() async throws(CommandError) -> NodeDescription { try await SimulatedAgent(name: name).describe() }

  func frames(_ request: FrameRequest) -> AsyncThrowingStream<Frame, any Error> {
    AsyncThrowingStream { $0.finish() }
  }

  func execute(_ command: Command) async throws(CommandError) -> Outcome {
    while !Task.isCancelled { try? await Task.sleep(for: .seconds(60)) }
    throw CommandError(.failed, "given up")
  }
}
