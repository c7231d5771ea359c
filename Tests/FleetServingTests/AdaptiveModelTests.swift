import FleetServing
import FleetTestSupport
import NIOCore
import NIOPosix
import Synchronization
import Testing

/// A model whose answers tell which of its two compilations computed them.
@Suite struct AdaptiveModelTests {
  private static let alone: Float = 1
  private static let crowd: Float = 2

  private final class Compiler: Sendable {
    private struct Made {
      weak var model: FakeModel?
    }

    let count = Mutex(0)
    private let made = Mutex(Made())
    let fails: Bool

    /// What was made last is still there.
    var isHeld: Bool { made.withLock { $0.model != nil } }

    init(fails: Bool = false) {
      self.fails = fails
    }

    func compile() throws -> any LoadedModel {
      defer { count.withLock { $0 += 1 } }
      if fails { throw EngineError("no memory") }
      let model = FakeModel(marker: AdaptiveModelTests.crowd, parallelism: 3)
      made.withLock { $0.model = model }
      return model
    }
  }

  @Test func staysAsItIsForCallsThatDoNotMeet() throws {
    let compiler = Compiler()
    let model = AdaptiveModel(alone: FakeModel(marker: Self.alone)) { try compiler.compile() }
    for _ in 0..<200 { #expect(try Self.ask(model) == Self.alone) }
    #expect(compiler.count.withLock { $0 } == 0)
    #expect(model.parallelism == 2)
  }

  @Test func compilesForCallsThatKeepMeeting() async throws {
    let compiler = Compiler()
    let gate = Gate(isOpen: false)
    let model = AdaptiveModel(alone: FakeModel(marker: Self.alone, gate: gate)) { try compiler.compile() }
    let held = Self.held(model)
    try await eventually("a call is held", holds: { gate.arrivals == 1 })
    for _ in 0..<100 { _ = try Self.ask(model) }
    try await eventually("both serve", holds: { model.parallelism == 3 })
    #expect(try Self.ask(model) == Self.crowd)
    gate.open()
    #expect(try await held.get() == Self.alone)
    #expect(try Self.ask(model) == Self.alone, "nobody is beside it any more")
    #expect(compiler.count.withLock { $0 } == 1)
  }

  @Test func letsGoWhenCallsNoLongerMeet() async throws {
    let compiler = Compiler()
    let gate = Gate(isOpen: false)
    let model = AdaptiveModel(alone: FakeModel(marker: Self.alone, gate: gate), idleTime: .milliseconds(20)) {
      try compiler.compile()
    }
    let held = Self.held(model)
    try await eventually("a call is held", holds: { gate.arrivals == 1 })
    for _ in 0..<100 { _ = try Self.ask(model) }
    try await eventually("it is compiled", holds: { compiler.count.withLock { $0 } >= 1 })
    try await eventually("it is let go of", holds: { !compiler.isHeld })
    #expect(model.parallelism == 2)
    #expect(try Self.ask(model) == Self.alone)
    gate.open()
    _ = try await held.get()
  }

  @Test func servesOnWhenItCannotBeCompiledTwice() async throws {
    let compiler = Compiler(fails: true)
    let gate = Gate(isOpen: false)
    let model = AdaptiveModel(alone: FakeModel(marker: Self.alone, gate: gate)) { try compiler.compile() }
    let held = Self.held(model)
    try await eventually("a call is held", holds: { gate.arrivals == 1 })
    for _ in 0..<100 { #expect(try Self.ask(model) == Self.alone) }
    try await eventually("it is given up", holds: { model.parallelism == 1 })
    for _ in 0..<100 { #expect(try Self.ask(model) == Self.alone) }
    #expect(compiler.count.withLock { $0 } == 1)
    gate.open()
    _ = try await held.get()
  }

  /// A call that stays at its gate, on a thread that may wait.
  private static func held(_ model: any LoadedModel) -> EventLoopFuture<Float> {
    let thread = NIOThreadPool(numberOfThreads: 1)
    thread.start()
    let loop = MultiThreadedEventLoopGroup.singleton.next()
    return thread.runIfActive(eventLoop: loop) { try ask(model, firstPixel: 1) }
      .always { _ in thread.shutdownGracefully { _ in } }
  }

  private static func ask(_ model: any LoadedModel, firstPixel: Float = 0) throws -> Float {
    var bytes = ByteBuffer()
    bytes.writeInteger(firstPixel.bitPattern, endianness: .little)
    bytes.writeRepeatingByte(0, count: 63 * 4)
    let outputs = try model.infer(
      [Tensor(name: "pixels", datatype: .fp32, shape: [1, 1, 8, 8], bytes: bytes)],
      wanted: [0]
    )
    return Float(bitPattern: outputs[0].bytes.getInteger(at: 0, endianness: .little) ?? 0)
  }
}
