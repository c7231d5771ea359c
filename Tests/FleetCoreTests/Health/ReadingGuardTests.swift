import FoundationEssentials
import Testing

@testable import FleetCore

struct ReadingGuardTests {
  private static func frame(_ change: (inout Frame) -> Void = { _ in }) -> Frame {
    var frame = Frame(
      node: NodeName(store: "s", node: "n"),
      sequence: 1,
      agentStarted: Date(timeIntervalSince1970: 0),
      time: Date(timeIntervalSince1970: 1),
      engine: EngineStatus(state: .serving, process: ProcessReadings(pid: 7, cpuSeconds: .measured(5))),
      accelerators: [
        AcceleratorReadings(
          kind: "cpu",
          name: "CPU",
          utilization: .measured(0.5),
          watts: .estimated(7),
          joules: .measured(900),
          celsius: .measured(50)
        )
      ],
      diskFreeBytes: .measured(1e9)
    )
    change(&frame)
    return frame
  }

  @Test func whatCanBeIsLeftAlone() {
    var guardian = ReadingGuard()
    for _ in 0..<3 {
      var frame = Self.frame()
      #expect(guardian.clean(&frame).isEmpty)
      #expect(frame == Self.frame())
    }
  }

  @Test func whatCannotBeIsNeverShownAsAFact() {
    let cases: [(WritableKeyPath<AcceleratorReadings, Reading>, Reading, String)] = [
      (\.watts, .estimated(-3), "watts of cpu 0"), (\.watts, .measured(.nan), "watts of cpu 0"),
      (\.utilization, .measured(1.2), "utilization of cpu 0"), (\.celsius, .measured(-61), "temperature of cpu 0"),
      (\.celsius, .measured(201), "temperature of cpu 0"), (\.joules, .measured(.infinity), "energy of cpu 0"),
      (\.memoryUsedBytes, .measured(-1), "memory used of cpu 0"),
      (\.celsius, .impossible("4000.0"), "temperature of cpu 0"),
    ]
    for (path, reading, subject) in cases {
      var guardian = ReadingGuard()
      var frame = Self.frame { $0.accelerators[0][keyPath: path] = reading }
      let found = guardian.clean(&frame)
      #expect(found.map(\.subject) == [subject])
      #expect(frame.accelerators[0][keyPath: path].value == nil)
      #expect(frame.accelerators[0][keyPath: path].absence?.hasPrefix("impossible reading: ") == true)
    }
  }

  @Test func aCounterThatGoesBackIsToldOnce() {
    var guardian = ReadingGuard()
    var first = Self.frame()
    _ = guardian.clean(&first)
    var second = Self.frame { $0.accelerators[0].joules = .measured(12) }
    let found = guardian.clean(&second)
    #expect(found == [.init(subject: "energy of cpu 0", text: "a counter that went back from 900.0 to 12.0")])
    #expect(second.accelerators[0].joules.value == nil)
    var third = Self.frame { $0.accelerators[0].joules = .measured(13) }
    #expect(guardian.clean(&third).isEmpty)
    #expect(third.accelerators[0].joules == .measured(13))
  }

  @Test func anotherProcessCountsAnewAndAnEstimateCountsApart() {
    var guardian = ReadingGuard()
    var first = Self.frame()
    _ = guardian.clean(&first)
    var second = Self.frame {
      $0.engine.process = ProcessReadings(pid: 8, cpuSeconds: .measured(0.1))
      $0.accelerators[0].joules = .estimated(3)
    }
    #expect(guardian.clean(&second).isEmpty)
  }
}
