import FleetCore
import FoundationEssentials
import Testing

struct RolloutMeterTests {
  private static let digest = ModelDigest(ofManifest: [1])
  private static let version = ModelVersion(name: "tag-reader", number: 2)

  private func frame(
    _ second: Double,
    requests: UInt64,
    errors: UInt64 = 0,
    joules: Reading = .measured(0),
    restarts: UInt64 = 0,
    agent: Double = 0,
    digest: ModelDigest = Self.digest,
    celsius: Double = 50,
    models: Int = 1
  ) -> Frame {
    let model = ModelStatus(
      name: "tag-reader",
      version: 2,
      digest: digest,
      requests: requests,
      errors: errors,
      latency: LatencyHistogram([.init(microseconds: 5000, count: requests)])
    )
    let accelerator = AcceleratorReadings(
      kind: "cpu",
      name: "x",
      utilization: .measured(0.5),
      watts: .estimated(8),
      joules: joules,
      celsius: .measured(celsius)
    )
    var others = (1..<max(1, models)).map { ModelStatus(name: "m\($0)", version: 1, digest: Self.digest) }
    others.append(model)
    return Frame(
      node: NodeName(store: "s", node: "a"),
      sequence: UInt64(second * 10),
      agentStarted: Date(timeIntervalSince1970: agent),
      time: Date(timeIntervalSince1970: 1000 + second),
      engine: EngineStatus(state: .serving, pid: 7, restarts: restarts),
      accelerators: [accelerator],
      models: others
    )
  }

  private func window(_ frames: [Frame]) -> GateWindow {
    var meter = WindowMeter(Self.version, digest: Self.digest)
    for frame in frames { meter.add(frame) }
    return meter.window
  }

  @Test func takesTheDifferenceOfCumulativeCounters() {
    let window = window([
      frame(1, requests: 100, errors: 3, joules: .measured(50)),
      frame(5, requests: 400, errors: 5, joules: .measured(80), celsius: 71),
      frame(6, requests: 500, errors: 5, joules: .measured(90)),
    ])
    #expect(window.seconds == 5)
    #expect(window.requests == .known(400) && window.errors == .known(2))
    #expect(window.latency.value?.count == 400)
    #expect(window.joules == .known(40))
    #expect(window.watts == .known(8, isEstimate: true) && window.utilization == .known(0.5))
    #expect(window.celsius == .known(71), "the highest, not the last")
  }

  @Test func countersThatBeginAnewAreComparedOnEachSide() {
    let restarted = window([
      frame(1, requests: 100), frame(2, requests: 150), frame(3, requests: 10, restarts: 1),
      frame(5, requests: 60, restarts: 1),
    ])
    #expect(restarted.requests == .known(100) && restarted.seconds == 3)
    let unannounced = window([
      frame(1, requests: 100), frame(2, requests: 150), frame(3, requests: 5), frame(4, requests: 9),
    ])
    #expect(unannounced.requests == .known(54) && unannounced.seconds == 2)
    let agents = window([
      frame(1, requests: 100), frame(2, requests: 150), frame(0.5, requests: 0, agent: 9),
      frame(1.5, requests: 7, agent: 9),
    ])
    #expect(agents.requests == .known(57))
  }

  @Test func framesOfAnotherVersionSayNothing() {
    let other = ModelDigest(ofManifest: [9])
    let window = window([
      frame(1, requests: 100), frame(2, requests: 150), frame(3, requests: 900, digest: other),
      frame(4, requests: 151), frame(5, requests: 171),
    ])
    #expect(window.requests == .known(70) && window.seconds == 2)
    #expect(self.window([frame(1, requests: 5, digest: other)]).requests == .absent("no frame showed the version"))
  }

  @Test func whatIsUnknownStaysUnknown() {
    #expect(window([]).requests == .absent("no frame showed the version"))
    #expect(window([frame(1, requests: 4)]).requests == .absent("the frames cover no time"))
    let noMeter = window([
      frame(1, requests: 1, joules: .absent("no meter")), frame(2, requests: 2, joules: .absent("no meter")),
    ])
    #expect(noMeter.joules == .absent("no meter") && noMeter.requests == .known(1))
    let shared = window([frame(1, requests: 1, models: 2), frame(2, requests: 2, models: 2)])
    #expect(shared.joules == .absent("2 models share the accelerator"))
    let backwards = window([frame(1, requests: 1, joules: .measured(9)), frame(2, requests: 2, joules: .measured(1))])
    #expect(backwards.joules == .absent("the energy counter began anew"))
  }

  @Test func framesTwiceOrLateChangeNothing() {
    let frames = [
      frame(1, requests: 10), frame(2, requests: 20), frame(2, requests: 20), frame(1, requests: 10),
      frame(3, requests: 30),
    ]
    #expect(window(frames).requests == .known(20))
    #expect(window(frames).seconds == 2)
  }
}
