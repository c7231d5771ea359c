import FleetServing
import FleetWire
import Foundation
import NIOCore
import Synchronization

/// A runtime in memory. The last part of a version's folder says how it behaves: `marker-7` answers 7 in each score,
/// `slow-7` takes 2 ms over it, `compiling-7` waits for the gate at the first request of each batch size,
/// `gated-7` waits for the gate to open when its first pixel is 1, `warming-7` when it is warmed after it was loaded, `large` answers 8 MB, `failing` fails at every
/// request but the first ones (the warm-up), and anything else does not load.
final class FakeEngine: InferenceEngine {
  let runtime = "Fake 1.0"
  let devices = [EngineDevice(id: "CPU", name: "A processor")]
  let device = "CPU"
  let gate: Gate
  /// Held closed to keep a load from ending.
  let loading: Gate

  init(gate: Gate = Gate(isOpen: true), loading: Gate = Gate(isOpen: true)) {
    self.gate = gate
    self.loading = loading
  }

  func load(folder: String) throws -> any LoadedModel {
    let name = folder.split(separator: "/").last.map(String.init) ?? ""
    let parts = name.split(separator: "-").map(String.init)
    loading.pass()
    switch (parts.first, parts.last.flatMap(Float.init)) {
    case ("marker", let marker?): return FakeModel(marker: marker)
    case ("slow", let marker?): return FakeModel(marker: marker, computeMicroseconds: 2000)
    case ("compiling", let marker?): return FakeModel(marker: marker, compiling: gate, parallelism: 2)
    case ("gated", let marker?): return FakeModel(marker: marker, computeMicroseconds: 2000, gate: gate)
    case ("warming", let marker?): return FakeModel(marker: marker, warming: gate)
    case ("large", _): return FakeModel(marker: 0, width: 2 << 20)
    case ("failing", _): return FakeModel(marker: 0, failsAfter: 5)
    default: throw EngineError("'\(name)' is not a model")
    }
  }
}

final class FakeModel: LoadedModel {
  let platform = "fake"
  let inputs = [TensorDescription(name: "pixels", datatype: .fp32, shape: [-1, 1, 8, 8])]
  let outputs = [
    TensorDescription(name: "scores", datatype: .fp32, shape: [-1, 10]),
    TensorDescription(name: "labels", datatype: .int64, shape: [-1]),
    TensorDescription(name: "halves", datatype: .fp16, shape: [-1]),
  ]
  let parallelism: Int
  private let width: Int
  private let marker: Float
  private let computeMicroseconds: UInt32
  private let gate: Gate?
  private let compiling: Gate?
  private let warming: Gate?
  private let compiled = Mutex<Set<Int>>([])
  private let failsAfter: Int
  private let calls = Mutex(0)

  init(
    marker: Float,
    computeMicroseconds: UInt32 = 0,
    gate: Gate? = nil,
    compiling: Gate? = nil,
    warming: Gate? = nil,
    failsAfter: Int = .max,
    width: Int = 10,
    parallelism: Int = 1
  ) {
    self.width = width
    self.parallelism = parallelism
    self.marker = marker
    self.computeMicroseconds = computeMicroseconds
    self.gate = gate
    self.compiling = compiling
    self.warming = warming
    self.failsAfter = failsAfter
  }

  func infer(_ inputs: [Tensor], wanted: [Int]) throws -> [Tensor] {
    let call = calls.withLock { calls in
      calls += 1
      return calls
    }
    if call > failsAfter { throw EngineError("the accelerator is gone") }
    if computeMicroseconds > 0 { usleep(computeMicroseconds) }
    let pixels = inputs[0]
    let first = pixels.bytes.getInteger(at: pixels.bytes.readerIndex, endianness: .little, as: UInt32.self) ?? 0
    if Float(bitPattern: first) == 1 { gate?.pass() }
    // Loading has run it five times.
    if call > 5, first == 0 { warming?.pass() }
    let rows = pixels.shape[0]
    if compiled.withLock({ $0.insert(rows).inserted }) { compiling?.pass() }
    return wanted.map { index in
      switch index {
      case 0 where width != 10:
        let bytes = ByteBuffer(repeating: 0, count: rows * width * 4)
        return Tensor(name: "scores", datatype: .fp32, shape: [rows, width], bytes: bytes)
      case 0:
        var bytes = ByteBuffer()
        for _ in 0..<(rows * 10) { bytes.writeInteger(marker.bitPattern, endianness: .little) }
        return Tensor(name: "scores", datatype: .fp32, shape: [rows, 10], bytes: bytes)
      case 1:
        var bytes = ByteBuffer()
        for row in 0..<rows { bytes.writeInteger(Int64(row), endianness: .little) }
        return Tensor(name: "labels", datatype: .int64, shape: [rows], bytes: bytes)
      default:
        return Tensor(name: "halves", datatype: .fp16, shape: [rows], bytes: ByteBuffer(repeating: 0, count: rows * 2))
      }
    }
  }
}

/// Holds threads up until it is opened, or a minute has passed.
final class Gate: Sendable {
  private let isOpen: Mutex<Bool>
  private let entered = Mutex(0)

  init(isOpen: Bool) {
    self.isOpen = Mutex(isOpen)
  }

  /// How many have come to the gate so far.
  var arrivals: Int { entered.withLock { $0 } }

  func open() {
    isOpen.withLock { $0 = true }
  }

  func close() {
    isOpen.withLock { $0 = false }
  }

  func pass() {
    entered.withLock { $0 += 1 }
    let end = Date().addingTimeInterval(60)
    while !isOpen.withLock({ $0 }), Date() < end { usleep(500) }
  }
}
