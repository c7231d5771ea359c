import FleetCore
import FleetServing
import Foundation
import NIOCore
import Synchronization
import Testing

/// Takes long, answers each row's first element doubled, and remembers what it was asked.
private final class DoublingModel: LoadedModel {
  let platform = "doubled"
  let inputs = [TensorDescription(name: "pixels", datatype: .fp32, shape: [-1, 1, 8, 8])]
  let outputs = [TensorDescription(name: "doubled", datatype: .fp32, shape: [-1])]
  let gate: Gate
  let batches = Mutex<[Int]>([])
  /// A row that begins with this breaks the run it is in.
  let poison: Float?

  init(gate: Gate = Gate(isOpen: true), poison: Float? = nil) {
    self.gate = gate
    self.poison = poison
  }

  func infer(_ inputs: [Tensor], wanted: [Int]) throws -> [Tensor] {
    usleep(2000)
    let rows = inputs[0].shape[0]
    let firsts = (0..<rows).map { row in
      Float(
        bitPattern: inputs[0].bytes.getInteger(at: inputs[0].bytes.readerIndex + row * 256, endianness: .little) ?? 0
      )
    }
    if firsts.contains(where: { $0 != 0 }) {
      batches.withLock { $0.append(rows) }
      gate.pass()
    }
    if let poison, firsts.contains(poison) { throw EngineError("poisoned") }
    var bytes = ByteBuffer()
    for first in firsts { bytes.writeInteger((first * 2).bitPattern, endianness: .little) }
    return wanted.map { _ in Tensor(name: "doubled", datatype: .fp32, shape: [rows], bytes: bytes) }
  }

  static func values(_ outcome: InferBench.Outcome) throws -> [Float] {
    var bytes = try outcome.get().outputs[0].bytes
    return (0..<(bytes.readableBytes / 4)).map { _ in
      Float(bitPattern: bytes.readInteger(endianness: .little) ?? 0)
    }
  }
}

/// Calls that take long: who waits, who is refused, who is forgotten.
@Suite struct SchedulingTests {
  private static func kind(_ outcome: InferBench.Outcome) -> ServingError.Kind? {
    if case .failure(let error) = outcome { error.kind } else { nil }
  }

  @Test func refusesMoreThanMayWait() async throws {
    let bench = InferBench()
    let gate = Gate(isOpen: false)
    let version = try bench.version(DoublingModel(gate: gate)) { options in
      options.maximumQueued = 3
      options.maximumWait = 60
    }
    let calls = (0..<6).map { _ in bench.infer(InferBench.pixels(first: 1), on: version) }
    #expect(Self.kind(try await calls[4].get()) == .unavailable)
    #expect(Self.kind(try await calls[5].get()) == .unavailable)
    #expect(bench.status().queued == 3)
    #expect(bench.status().refusedFull == 2)
    gate.open()
    for call in calls[..<4] { #expect(try DoublingModel.values(try await call.get()) == [2]) }
    #expect(bench.status().queued == 0)
    let counts = version.statistics.current
    #expect(counts.success.count == 4)
    #expect(counts.failure.count == 2)
    #expect(counts.executions == 4)
    #expect(counts.queue.nanoseconds > 0)
    #expect(counts.batches.keys.sorted() == [1])
    try await bench.stop()
  }

  @Test func refusesWhoHasWaitedTooLongWhileOthersStillCompute() async throws {
    let bench = InferBench()
    let gate = Gate(isOpen: false)
    let version = try bench.version(DoublingModel(gate: gate)) { $0.maximumWait = 0.1 }
    let first = bench.infer(InferBench.pixels(first: 1), on: version)
    try await eventually("it computes") { gate.arrivals == 1 }
    let second = bench.infer(InferBench.pixels(first: 1), on: version)
    let third = bench.infer(InferBench.pixels(first: 1), on: version, timeout: .milliseconds(20))
    #expect(Self.kind(try await third.get()) == .deadlineExceeded)
    #expect(Self.kind(try await second.get()) == .unavailable)
    #expect(bench.status().refusedLate == 2)
    #expect(gate.arrivals == 1, "nothing was computed for them")
    gate.open()
    #expect(try DoublingModel.values(try await first.get()) == [2])
    try await bench.stop()
  }

  @Test func aDeadlineThatIsOverIsNotComputedFor() async throws {
    let bench = InferBench()
    let version = try bench.version(try FakeEngine().load(folder: "marker-1"))
    let late = CallContext(received: .now(), deadline: .now() - .milliseconds(1))
    #expect(
      Self.kind(try await bench.infer(InferBench.pixels(), on: version, context: late).get()) == .deadlineExceeded
    )
    #expect(version.statistics.current.executions == 0)
    try await bench.stop()
  }

  @Test func aWithdrawnCallLeavesTheQueueAndItsMemory() async throws {
    let bench = InferBench()
    let gate = Gate(isOpen: false)
    let version = try bench.version(DoublingModel(gate: gate)) { $0.maximumWait = 60 }
    let first = bench.infer(InferBench.pixels(first: 1), on: version)
    try await eventually("it computes") { gate.arrivals == 1 }
    let context = CallContext(received: .now())
    let second = bench.infer(InferBench.pixels(first: 1), on: version, context: context)
    try await eventually("the second waits") { bench.status().queued == 1 }
    context.cancel()
    #expect(Self.kind(try await second.get()) == .cancelled)
    #expect(bench.status().queued == 0)
    gate.open()
    _ = try await first.get()
    #expect(gate.arrivals == 1)
    // One that is withdrawn before it comes does not even wait.
    let gone = CallContext(received: .now())
    gone.cancel()
    _ = try await bench.infer(InferBench.pixels(first: 1), on: version, context: gone).get()
    try await bench.stop()
  }

  @Test func computesRowsOfSeveralCallersTogether() async throws {
    let bench = InferBench()
    let gate = Gate(isOpen: false)
    let model = DoublingModel(gate: gate)
    let version = try bench.version(model) { options in
      options.maximumWait = 60
      options.largestBatch = 8
    }
    let first = bench.infer(InferBench.pixels(first: 1), on: version)
    try await eventually("it computes") { gate.arrivals == 1 }
    let others = (2...6).map { bench.infer(InferBench.pixels($0 == 4 ? 3 : 1, first: Float($0)), on: version) }
    try await eventually("the others wait") { bench.status().queued == 5 }
    gate.open()
    #expect(try DoublingModel.values(try await first.get()) == [2])
    for (number, call) in zip(2..., others) {
      let expected = [Float](repeating: Float(number * 2), count: number == 4 ? 3 : 1)
      #expect(try DoublingModel.values(try await call.get()) == expected)
    }
    #expect(model.batches.withLock { $0 } == [1, 7])
    let counts = version.statistics.current
    #expect(counts.executions == 2)
    #expect(counts.inferences == 8)
    #expect(counts.success.count == 6)
    #expect(counts.batches[7]?.infer.count == 1)
    try await bench.stop()
  }

  @Test func oneThatBreaksTheModelBreaksItForItselfOnly() async throws {
    let bench = InferBench()
    let gate = Gate(isOpen: false)
    let version = try bench.version(DoublingModel(gate: gate, poison: 3)) { options in
      options.maximumWait = 60
      options.largestBatch = 8
    }
    let first = bench.infer(InferBench.pixels(first: 1), on: version)
    try await eventually("it computes") { gate.arrivals == 1 }
    let others = (2...4).map { bench.infer(InferBench.pixels(first: Float($0)), on: version) }
    try await eventually("the others wait") { bench.status().queued == 3 }
    gate.open()
    _ = try await first.get()
    #expect(try DoublingModel.values(try await others[0].get()) == [4])
    #expect(Self.kind(try await others[1].get()) == .failed)
    #expect(try DoublingModel.values(try await others[2].get()) == [8])
    try await bench.stop()
  }

  @Test func aModelThatComputesForLongHoldsUpNoOther() async throws {
    let bench = InferBench(workers: 2)
    let gate = Gate(isOpen: false)
    let slow = try bench.version(DoublingModel(gate: gate)) { $0.maximumWait = 60 }
    let other = try bench.version(DoublingModel()) { $0.maximumWait = 60 }
    let held = (0..<20).map { _ in bench.infer(InferBench.pixels(first: 1), on: slow) }
    try await eventually("one computes") { gate.arrivals == 1 }
    for _ in 0..<5 {
      #expect(try DoublingModel.values(try await bench.infer(InferBench.pixels(first: 1), on: other).get()) == [2])
    }
    #expect(gate.arrivals == 1)
    #expect(bench.service.computing.oldest?.seconds ?? 0 > 0)
    gate.open()
    for call in held { _ = try await call.get().get() }
    #expect(bench.service.computing.oldest == nil)
    try await bench.stop()
  }

  @Test func whatWaitsWhenTheEngineStopsIsToldSo() async throws {
    let bench = InferBench()
    let gate = Gate(isOpen: false)
    let version = try bench.version(DoublingModel(gate: gate)) { $0.maximumWait = 60 }
    let first = bench.infer(InferBench.pixels(first: 1), on: version)
    try await eventually("it computes") { gate.arrivals == 1 }
    let second = bench.infer(InferBench.pixels(first: 1), on: version)
    try await eventually("the second waits") { bench.status().queued == 1 }
    async let stopped: Void = bench.service.shutDown()
    #expect(Self.kind(try await second.get()) == .unavailable)
    gate.open()
    #expect(try DoublingModel.values(try await first.get()) == [2])
    try await stopped
    #expect(Self.kind(try await bench.infer(InferBench.pixels(first: 1), on: version).get()) == .unavailable)
    try await bench.group.shutdownGracefully()
  }
}
