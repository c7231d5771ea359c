import FleetCore
import FoundationEssentials
import Terminal

@testable import FleetConsole

/// A fleet with a past that is the same in every run.
final class FleetFixture {
  static let start = Date(timeIntervalSince1970: 1_780_000_000)

  var state: FleetState
  var seconds = 0.0
  private var recorders: [NodeName: LatencyRecorder] = [:]

  var moment: Moment { Moment(uptime: seconds, date: Self.start.addingTimeInterval(seconds)) }
  var names: [NodeName] { state.nodes.map(\.name) }

  /// What the fixtures share is made once: a minute of frames takes longer than most tests that look at it.
  struct Past: Sendable {
    fileprivate let state: FleetState
    fileprivate let seconds: Double
    fileprivate let recorders: [NodeName: LatencyRecorder]
  }

  var past: Past { Past(state: state, seconds: seconds, recorders: recorders) }

  init(_ past: Past) {
    state = past.state
    seconds = past.seconds
    recorders = past.recorders
  }

  init(
    stores: [String] = ["austin-01", "denver-02", "reno-03"],
    nodes: [String] = ["a", "b"],
    library: ModelLibrary = .fixture
  ) {
    let definition = FleetDefinition(
      name: "acme",
      slo: ServiceLevel(p99: .milliseconds(50)),
      models: [.init(name: "tag-reader", path: "models")],
      stores: stores.enumerated().map { index, store in
        let labels = ["region": index == 0 ? "south" : "west"]
        return .init(
          name: store,
          labels: labels,
          nodes: nodes.map {
            .init(name: NodeName(store: store, node: $0), address: "10.0.\(index).1:7500", labels: labels)
          }
        )
      }
    )
    state = FleetState(
      definition: definition,
      library: library,
      operatorName: "kim",
      now: Moment(uptime: 0, date: Self.start),
      themeNames: ["midnight", "daylight"]
    )
  }

  @discardableResult
  func send(_ message: Message) -> [Effect] { update(&state, message, at: moment) }

  @discardableResult
  func press(_ keys: Key...) -> [Effect] { keys.flatMap { send(.key($0)) } }

  @discardableResult
  func type(_ text: String) -> [Effect] { text.flatMap { send(.key(.character($0))) } }

  /// Lets the nodes tell their story second by second.
  func run(
    seconds count: Int,
    silent: Set<NodeName> = [],
    change: (inout Frame, Int) -> Void = { _, _ in }
  ) {
    for _ in 0..<count {
      seconds += 1
      for (index, name) in names.enumerated() where !silent.contains(name) {
        var frame = frame(of: name, index: index)
        change(&frame, Int(seconds))
        send(.frame(name, frame))
      }
      send(.tick)
    }
  }

  /// Facts that agents tell once.
  func describe() {
    for (index, name) in names.enumerated() {
      send(
        .described(
          name,
          NodeDescription(
            name: name,
            agentVersion: "0.1.0",
            agentPID: 4100 + Int32(index),
            started: Self.start,
            operatingSystem: "Debian 12",
            architecture: "x86_64",
            cores: 4,
            httpAddress: "10.0.0.\(index + 1):8000",
            siblings: state.siblings(of: name).map(\.name),
            repository: [
              RepositoryEntry(
                version: .init(name: "tag-reader", number: 1),
                digest: .fixture(1),
                bytes: 48_200,
                role: .active
              ),
              RepositoryEntry(
                version: .init(name: "tag-reader", number: 4),
                digest: .fixture(4),
                bytes: 51_000,
                role: .previous
              ),
            ]
          )
        )
      )
    }
  }

  private func frame(of name: NodeName, index: Int) -> Frame {
    var recorder = recorders[name] ?? LatencyRecorder()
    let slow = name.description == "denver-02/b" ? 20 : 1
    for request in 0..<(60 + index * 3) {
      recorder.record(microseconds: UInt64((900 + request * 7 + (request % 50 == 49 ? 4_000 : 0)) * slow))
    }
    recorders[name] = recorder
    let histogram = recorder.snapshot
    let load = 0.35 + 0.02 * Double(index) + 0.1 * Double(Int(seconds) % 7) / 7
    return Frame(
      node: name,
      sequence: UInt64(seconds),
      agentStarted: Self.start,
      time: Self.start.addingTimeInterval(seconds),
      engine: EngineStatus(
        state: .serving,
        pid: 4200 + Int32(index),
        runtime: "OpenVINO 2026.4.1",
        device: "CPU",
        process: ProcessReadings(pid: 4200, cpuSeconds: .measured(seconds * load), residentBytes: .measured(63_000_000))
      ),
      agent: ProcessReadings(pid: 4100, cpuSeconds: .measured(0.4), residentBytes: .measured(21_000_000)),
      accelerators: [
        AcceleratorReadings(
          kind: "cpu",
          name: "EPYC 7B13",
          utilization: .measured(load),
          watts: .estimated(4 + 5 * load),
          joules: .estimated((4 + 5 * load) * seconds),
          celsius: .absent("no sensor under /sys/class/hwmon"),
          memoryUsedBytes: .measured(3.1e9),
          memoryTotalBytes: .measured(8e9)
        )
      ],
      models: [
        ModelStatus(
          name: "tag-reader",
          version: 1,
          digest: .fixture(1),
          requests: histogram.count,
          inFlight: 2,
          queued: 1,
          latency: histogram,
          queueTime: LatencyHistogram(),
          computeTime: histogram
        )
      ],
      memoryUsedBytes: .measured(3.1e9),
      memoryTotalBytes: .measured(8e9),
      diskFreeBytes: .measured(51e9),
      probes: [
        ProbeReport(name: "cpu", seconds: 0.0002),
        ProbeReport(name: "rapl", seconds: 0.0001, error: "no /sys/class/powercap"),
      ]
    )
  }

  /// What the screen shows.
  func screen(_ width: Int, _ height: Int) -> Buffer {
    view(state, theme: .midnight, size: Size(width: width, height: height))
  }
}

extension FleetFixture {
  private static let healthyPast = {
    let fleet = FleetFixture()
    fleet.run(seconds: 60)
    fleet.describe()
    return fleet.past
  }()

  static func healthy() -> FleetFixture { FleetFixture(healthyPast) }

  static func degraded() -> FleetFixture { FleetFixture(degradedPast) }

  private static let degradedPast = {
    let fleet = FleetFixture()
    fleet.run(seconds: 60) { frame, second in
      guard frame.node.description == "denver-02/b", second > 40 else { return }
      frame.health = second > 52 ? .faulty : .degraded
      frame.reasons = ["p99 110 ms is over the SLO of 50 ms for 10 s"]
      frame.injectedFault = "latency=100ms after=40s"
    }
    fleet.describe()
    fleet.send(.traffic(TrafficSummary(sent: 12_345, lost: 0, wrong: 0, failovers: 3)))
    return fleet.past
  }()

  static func unreachable() -> FleetFixture {
    let fleet = healthy()
    let name = NodeName(store: "reno-03", node: "a")
    fleet.run(seconds: 14, silent: [name])
    fleet.send(.linkLost(name, "connection refused by 10.0.2.1:7500"))
    return fleet
  }

  static func drained() -> FleetFixture {
    let fleet = healthy()
    fleet.run(seconds: 12) { frame, second in
      guard frame.node.description == "denver-02/b" else { return }
      frame.availability = second > 66 ? .drained : .draining
      frame.models[0].inFlight = second > 66 ? 0 : 4
      frame.drain = DrainStatus(
        reason: "p99 over SLO",
        orderedBy: "kim",
        since: Self.start.addingTimeInterval(61),
        deadline: Self.start.addingTimeInterval(661),
        isForced: false,
        handedOff: UInt64(second - 60) * 70
      )
    }
    return fleet
  }

  /// The selection on a node.
  func selecting(_ name: String) -> FleetFixture {
    state.interface.selection = NodeName(name).map { .node($0) }
    return self
  }
}

extension ModelDigest {
  static func fixture(_ number: UInt8) -> ModelDigest { ModelDigest(ofManifest: [number]) }
}

extension ModelLibrary {
  static var fixture: ModelLibrary {
    ModelLibrary(
      models: [1, 2].map { number in
        LocalModel(
          manifest: ModelManifest(
            version: ModelVersion(name: "tag-reader", number: number),
            files: [.init(path: "model.onnx", bytes: 48_000 + UInt64(number), sha256: SHA256Text.hash([UInt8(number)]))]
          ),
          folder: "models/tag-reader/\(number)"
        )
      }
    )
  }
}

/// Steele, Lea, Flood: Fast splittable pseudorandom number generators (2014).
struct SplitMix: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
