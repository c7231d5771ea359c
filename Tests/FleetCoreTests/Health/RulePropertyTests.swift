import FleetTestSupport
import FoundationEssentials
import Testing

@testable import FleetCore

/// What every rule promises, whatever it is told. The engine's states are the agent's own findings and are left out.
struct RulePropertyTests {
  /// A rule, and how a sample looks when its value is so many times the limit.
  struct Scenario: Sendable, CustomTestStringConvertible {
    var rule: HealthRule
    /// Seconds of a node without a fault before the rule can compare anything.
    var before: Int = 0
    /// Samples that the rule looks at once, because it takes that long to measure.
    var period: Int = 1
    var set: @Sendable (inout HealthSample, inout RuleStory, _ ratio: Double) -> Void

    var testDescription: String { rule.rawValue }
  }

  static let scenarios: [Scenario] = [
    Scenario(rule: .latency) { sample, _, ratio in sample.answer(milliseconds: 50 * ratio) },
    Scenario(rule: .errors) { sample, _, ratio in
      sample.requests = 10_000
      sample.errors = UInt64(100 * ratio)
    },
    Scenario(rule: .temperature) { sample, _, ratio in sample.celsius = .measured(85 * ratio) },
    Scenario(rule: .latencyOfBefore, before: 400) { sample, _, ratio in sample.answer(milliseconds: 30 * ratio) },
    Scenario(rule: .latencyOfSiblings) { sample, _, ratio in
      sample.answer(milliseconds: 30 * ratio)
      sample.addSibling("a", milliseconds: 10)
    },
    Scenario(rule: .throttling, period: 12) { sample, story, ratio in
      story.throttles += ratio > 1 ? 1 : 0
      sample.throttles = .measured(story.throttles)
    },
    Scenario(rule: .energy, before: 600, period: 30) { sample, story, ratio in
      story.joules += 10 * ratio
      story.inferences += 10
      (sample.joules, sample.inferences) = (.measured(story.joules), story.inferences)
    },
    Scenario(rule: .disk) { sample, _, ratio in sample.diskFreeBytes = .measured(Double(1 << 30) / ratio) },
    Scenario(rule: .clock) { sample, _, ratio in
      sample.addSibling("a", milliseconds: 10, ahead: 5.01 * ratio)
      sample.addSibling("c", milliseconds: 10, ahead: 5.01 * ratio)
    },
    Scenario(rule: .certificate) { sample, _, ratio in
      sample.certificateExpires = sample.date.addingTimeInterval(14 * 86_400 / ratio)
    },
    Scenario(rule: .probe, before: 20) { sample, _, ratio in
      sample.probes = [ProbeReport(name: "disk", seconds: 0, error: ratio > 1 ? "hangs" : nil)]
    },
    Scenario(rule: .reading) { sample, _, ratio in
      sample.impossible = ratio > 1 ? [ImpossibleReading(subject: "watts", text: "-1")] : []
    },
  ]

  @Test func everyRuleButTheEnginesHasAScenario() {
    #expect(Set(Self.scenarios.map(\.rule)) == Set(HealthRule.allCases).subtracting([.engine]))
  }

  @Test(arguments: scenarios)
  func speaksInTheEndAndIsSilentInTheEnd(_ scenario: Scenario) {
    var story = Self.story(of: scenario)
    story.run(for: 300) { scenario.set(&$0, &$1, 2) }
    #expect(story.health > .healthy)
    #expect(story.findings.map(\.rule) == [scenario.rule], "\(story.reasons)")
    #expect(story.findings.allSatisfy { $0.since != nil })
    story.run(for: 300) { scenario.set(&$0, &$1, 0.5) }
    #expect(story.health == .healthy, "\(story.reasons)")
  }

  /// However far apart the samples are: one or two that are over the limit, then others.
  @Test(arguments: scenarios)
  func neverSpeaksOnFewerSamplesThanTheMinimum(_ scenario: Scenario) {
    var random = SeededRandom()
    for _ in 0..<30 {
      var story = Self.story(of: scenario)
      story.step = .random(in: 1...300, using: &random)
      for _ in 0..<40 {
        let isSlow = scenario.period > 1
        story.run(for: .random(in: 1..<Hysteresis.leastSamples, using: &random)) { scenario.set(&$0, &$1, 3) }
        // A window that is partly over the limit is over it, too.
        story.run(for: isSlow ? 2 * scenario.period : 3) { sample, story in
          if scenario.rule == .reading { story.seconds += 61 }
          scenario.set(&sample, &story, 0.5)
        }
      }
      #expect(story.verdicts.allSatisfy { $0.health == .healthy }, "step \(story.step), \(random)")
    }
  }

  /// A sample without a value, or with too few requests, makes nothing worse.
  @Test(arguments: scenarios)
  func theUnknownIsNoFault(_ scenario: Scenario) {
    var random = SeededRandom()
    for _ in 0..<30 {
      var story = Self.story(of: scenario)
      story.run(for: .random(in: 0...100, using: &random)) { scenario.set(&$0, &$1, 2) }
      let before = story.health
      story.forget()
      for _ in 0..<200 {
        story.run(for: 1) { sample, story in
          sample = HealthSample(seconds: story.seconds, date: sample.date)
          guard random.chance(0.5) else { return }
          sample.requests = .random(in: 0..<20, using: &random)
          sample.errors = sample.requests
          sample.answer(milliseconds: 5000)
          sample.errors = sample.requests
        }
        #expect(story.health <= before, "\(random)")
      }
    }
  }

  @Test(arguments: scenarios)
  func noiseAroundTheLimitDoesNotFlap(_ scenario: Scenario) {
    var random = SeededRandom()
    for _ in 0..<30 {
      var story = Self.story(of: scenario)
      let width = Double.random(in: 0.01...0.1, using: &random)
      story.run(for: 900) { sample, story in
        // Degrees are counted from where ice melts: the same noise is a smaller part of them.
        let part = scenario.rule == .temperature ? width / 2 : width
        scenario.set(&sample, &story, .random(in: 1 - part...1 + part, using: &random))
      }
      let moves = zip(story.verdicts, story.verdicts.dropFirst()).count { $0.health != $1.health }
      #expect(moves <= 2, "\(story.story), \(random)")
    }
  }

  /// A story in which the rule can speak: it alone, so that no other one does.
  private static func story(of scenario: Scenario) -> RuleStory {
    var limits = HealthLimits()
    limits.off = Set(HealthRule.allCases).subtracting([scenario.rule])
    var story = RuleStory(limits: limits)
    story.run(for: scenario.before) { sample, story in
      if scenario.rule == .energy { scenario.set(&sample, &story, 0.5) }
    }
    story.forget()
    return story
  }
}
