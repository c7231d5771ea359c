package import FleetCore
package import FoundationEssentials

/// Frames as no node would send them all at once, but each part of which some node could send.
extension SeededRandom {
  package mutating func frame() -> Frame {
    var frame = bareFrame()
    frame.findings = list(upTo: 3) { $0.finding() }
    if chance(0.5) { frame.autoDrain = autoDrain() }
    frame.capacity = list(upTo: 3) {
      ModelCapacity(model: $0.nodeName().node, perSecond: $0.reading(), load: $0.reading())
    }
    return frame
  }

  private mutating func bareFrame() -> Frame {
    Frame(
      node: nodeName(),
      sequence: count(),
      agentStarted: date(),
      time: date(),
      health: Health.allCases.randomElement(using: &self) ?? .healthy,
      reasons: list(upTo: 3) { $0.text() },
      availability: Availability.allCases.randomElement(using: &self) ?? .serving,
      drain: chance(0.5) ? drainStatus() : nil,
      injectedFault: chance(0.3) ? text() : nil,
      isSimulated: chance(0.5),
      engine: EngineStatus(
        state: EngineStatus.State.allCases.randomElement(using: &self) ?? .idle,
        pid: chance(0.5) ? Int32.random(in: 1...99_999, using: &self) : nil,
        restarts: count(),
        runtime: chance(0.5) ? text() : nil,
        device: chance(0.5) ? text() : nil,
        problem: chance(0.5) ? text() : nil,
        lastCrash: chance(0.5) ? crash() : nil,
        process: process()
      ),
      agent: process(),
      accelerators: list(upTo: 3) { $0.accelerator() },
      models: list(upTo: 3) { $0.model() },
      memoryUsedBytes: reading(),
      memoryTotalBytes: reading(),
      diskFreeBytes: reading(),
      probes: list(upTo: 4) { random in
        ProbeReport(
          name: random.text(),
          seconds: Double.random(in: 0...1, using: &random),
          error: random.chance(0.5) ? random.text() : nil
        )
      }
    )
  }

  package mutating func nodeName() -> NodeName { NodeName("\(namePart())/\(namePart())") ?? nodeName() }

  /// From 2020 to 2100, as fine as a `Date` can be.
  package mutating func date() -> Date {
    Date(timeIntervalSinceReferenceDate: Double.random(in: 599_000_000...3_124_000_000, using: &self))
  }

  package mutating func reading() -> Reading {
    switch Int.random(in: 0...3, using: &self) {
    case 0: .measured(Double.random(in: -1e6...1e12, using: &self))
    case 1: .measured(0)
    case 2: .estimated(Double.random(in: 0...500, using: &self))
    default: .absent(text())
    }
  }

  package mutating func histogram() -> LatencyHistogram {
    LatencyHistogram(
      list(upTo: 60) { random in
        LatencyHistogram.Bucket(
          microseconds: UInt64.random(in: 1...(1 << UInt64.random(in: 1...29, using: &random)), using: &random),
          count: random.count() >> 10
        )
      }
    )
  }

  package mutating func digest() -> ModelDigest { ModelDigest(ofManifest: bytes(8)) }

  mutating func count() -> UInt64 {
    UInt64.random(in: 0...(1 << UInt64.random(in: 0...53, using: &self)), using: &self)
  }

  mutating func list<Element>(upTo length: Int, _ make: (inout SeededRandom) -> Element) -> [Element] {
    (0..<Int.random(in: 0...length, using: &self)).map { _ in make(&self) }
  }

  private mutating func process() -> ProcessReadings {
    ProcessReadings(
      pid: Int32.random(in: 0...99_999, using: &self),
      cpuSeconds: reading(),
      residentBytes: reading()
    )
  }

  private mutating func crash() -> EngineCrash {
    EngineCrash(
      time: date(),
      cause: text(),
      versions: list(upTo: 3) { ModelVersion(name: $0.nodeName().node, number: Int.random(in: 1...99, using: &$0)) },
      lastWords: text()
    )
  }

  private mutating func accelerator() -> AcceleratorReadings {
    AcceleratorReadings(
      kind: ["cpu", "gpu", "npu"].randomElement(using: &self) ?? "cpu",
      name: text(),
      utilization: reading(),
      watts: reading(),
      joules: reading(),
      celsius: reading(),
      memoryUsedBytes: reading(),
      memoryTotalBytes: reading()
    )
  }

  private mutating func model() -> ModelStatus {
    ModelStatus(
      name: nodeName().node,
      version: Int.random(in: 1...10_000, using: &self),
      digest: digest(),
      isProvisional: chance(0.3),
      requests: count(),
      errors: count(),
      inFlight: count(),
      queued: count(),
      handedOff: count(),
      refusedFull: count(),
      refusedLate: count(),
      latency: histogram(),
      queueTime: histogram(),
      computeTime: histogram()
    )
  }
}
