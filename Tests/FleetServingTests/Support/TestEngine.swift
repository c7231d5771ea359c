import FleetCore
import FleetServing
import FleetWire
import Foundation
import Synchronization
import Testing

/// An engine in this process on a socket of its own, and its agent's end of the control socket.
final class TestEngine: Sendable {
  let engine: Engine
  let port: UInt16
  let grpcPort: UInt16
  let agent: Int32
  private let nextID = Mutex<UInt64>(1)
  private let received = Mutex<[UInt8]>([])

  init(engine: Engine, port: UInt16, grpcPort: UInt16 = 0, agent: Int32) {
    self.engine = engine
    self.port = port
    self.grpcPort = grpcPort
    self.agent = agent
  }

  /// Serves `model` of `fake` as version 1 of `digits`, unless `model` is nil.
  static func start(
    _ runtime: any InferenceEngine = FakeEngine(),
    model: String? = "marker-1",
    limits: HTTPLimits = HTTPLimits(),
    grpcLimits: GRPCLimits = GRPCLimits(),
    fault: String? = nil,
    name: String = "austin-01/a",
    security: SiblingSecurity = .plain
  ) async throws -> TestEngine {
    let (listener, port) = try Sockets.listen()
    let (grpcListener, grpcPort) = try Sockets.listen()
    let (ours, theirs) = try Sockets.pair()
    let options = EngineOptions(
      nodeName: try #require(NodeName(name)),
      controlDescriptor: theirs,
      httpDescriptor: listener,
      grpcDescriptor: grpcListener,
      siblingSecurity: security,
      injectedFault: try fault.map { try FaultInjection(parsing: $0) },
      injectedFaultEpoch: Date().timeIntervalSince1970
    )
    let engine = try await Engine.start(options, limits: limits, grpcLimits: grpcLimits) { runtime }
    let test = TestEngine(engine: engine, port: port, grpcPort: grpcPort, agent: ours)
    if let model { try await test.activate(model, version: 1) }
    return test
  }

  var openConnections: Int { engine.openConnections }
  var bodyBytes: Int { engine.bodyBytes }

  func stop() async {
    await engine.stop(within: .seconds(5))
    close(agent)
  }

  func activate(_ folder: String, version: Int, options: ModelOptions = ModelOptions()) async throws {
    let reply = try await call(
      .activate(
        ModelVersion(name: "digits", number: version),
        digest: ModelDigest(ofManifest: Array(folder.utf8)),
        folder: "/models/\(folder)",
        options: options
      )
    )
    guard case .activated = reply else { throw TestFailure("activate: \(reply)") }
  }

  /// Serves `model` with calls that may wait for a minute.
  static func patient(_ runtime: FakeEngine, model: String, name: String = "austin-01/a") async throws -> TestEngine {
    let engine = try await start(runtime, model: nil, name: name)
    var options = ModelOptions()
    options.maximumWait = 60
    try await engine.activate(model, version: 1, options: options)
    return engine
  }

  func report() async throws -> EngineReport {
    guard case .report(let report) = try await call(.report) else { throw TestFailure("no report") }
    return report
  }

  func status() async throws -> ModelStatus {
    guard let status = try await report().models.first else { throw TestFailure("no model in the report") }
    return status
  }

  func flights() async throws -> EngineFlights {
    try #require(try await report().flights)
  }

  func handOff(to ports: [UInt16], refusesWhenAlone: Bool = false) async throws {
    let siblings = ports.map { "127.0.0.1:\($0)" }
    #expect(try await call(.handOff(siblings: siblings, refusesWhenAlone: refusesWhenAlone)) == .done)
  }

  /// Hands off to `ports` and answers a share of the requests itself.
  func takeOnTrial(share: Double, with ports: [UInt16]) async throws {
    let siblings = ports.map { "127.0.0.1:\($0)" }
    #expect(try await call(.handOff(siblings: siblings, trialShare: share)) == .done)
  }

  /// Cuts off what is in flight; what became of it, oldest first.
  func cut() async throws -> [EngineCut.Request] {
    guard case .cut(let cut) = try await call(.cut(withinSeconds: 4)) else { throw TestFailure("not cut") }
    return cut.requests
  }

  /// Sends a command and waits for its reply, as an agent does; one at a time.
  func call(_ command: EngineCommand) async throws -> EngineReply {
    let id = send(command)
    return try await reply(to: id)
  }

  /// Sends a command without waiting.
  @discardableResult
  func send(_ command: EngineCommand) -> UInt64 {
    let id = nextID.withLock { id in
      defer { id += 1 }
      return id
    }
    if let bytes = try? EngineFraming.encode(EngineRequest(id: id, command: command)) {
      Sockets.write(bytes, to: agent)
    }
    return id
  }

  func reply(to id: UInt64) async throws -> EngineReply {
    try await Sockets.blocking { [self] in
      let end = Date().addingTimeInterval(20)
      while Date() < end {
        if let response = try received.withLock({ try EngineFraming.decode(EngineResponse.self, from: &$0) }) {
          if response.id == id { return response.reply }
          continue
        }
        let bytes = try Sockets.read(from: agent)
        guard !bytes.isEmpty else { throw TestFailure("the engine closed its control socket") }
        received.withLock { $0 += bytes }
      }
      throw TestFailure("no reply to \(id)")
    }
  }
}

struct TestFailure: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) {
    self.description = description
  }
}

/// Waits until `condition` holds; fails the test when that takes longer than `seconds`.
func eventually(
  within seconds: Double = 10,
  _ what: Comment,
  sourceLocation: SourceLocation = #_sourceLocation,
  _ condition: () async throws -> Bool
) async throws {
  let end = Date().addingTimeInterval(seconds)
  while Date() < end {
    if try await condition() { return }
    try await Task.sleep(for: .milliseconds(2))
  }
  Issue.record(what, sourceLocation: sourceLocation)
}
