import FoundationEssentials
import Testing

@testable import FleetCore

/// A node against itself and against its siblings, within the service level.
struct LatencyRuleTests {
  @Test func slowerThanInItsLastHour() {
    var story = RuleStory()
    story.run(for: 400)
    story.forget()
    story.run(for: 45) { sample, _ in sample.answer(milliseconds: 35) }
    #expect(story.story == "30 healthy, 15 degraded")
    #expect(story.reasons == ["p99 35 ms is over 3 times the 10 ms of its last hour for 44 s"])
    let finding = story.findings[0]
    #expect(finding.rule == .latencyOfBefore && finding.value == 35 && finding.limit == 30 && finding.samples == 100)
    story.run(for: 16)
    #expect(story.health == .healthy, "\(story.reasons)")
  }

  @Test func aFaultDoesNotBecomeWhatIsUsual() {
    var story = RuleStory()
    story.run(for: 400)
    story.run(for: 3000) { sample, _ in sample.answer(milliseconds: 35) }
    #expect(story.reasons.first?.contains("3 times the 10 ms of its last hour") == true, "\(story.reasons)")
    // Past the hour nothing is known of how it was before.
    story.run(for: 1000) { sample, _ in sample.answer(milliseconds: 35) }
    #expect(story.health == .healthy)
    story.forget()
    story.run(for: 600) { sample, _ in sample.answer(milliseconds: 35) }
    #expect(story.story == "600 healthy", "now that is what it always does")
  }

  @Test func withoutABaselineNothingIsSaid() {
    var story = RuleStory()
    story.run(for: 200)
    story.run(for: 60) { sample, _ in sample.answer(milliseconds: 40) }
    #expect(story.story == "260 healthy")
  }

  @Test func anotherVersionIsComparedWithItself() {
    var story = RuleStory()
    story.run(for: 400)
    story.run(for: 300) { sample, _ in
      sample.answer(milliseconds: 40)
      sample.models[0].version = ModelVersion(name: "tag-reader", number: 2)
    }
    #expect(story.story == "700 healthy")
  }

  @Test func aFewMillisecondsAreNoMatter() {
    var story = RuleStory()
    story.run(for: 400) { sample, _ in sample.answer(milliseconds: 1) }
    story.run(for: 100) { sample, _ in sample.answer(milliseconds: 12) }
    #expect(story.story == "500 healthy")
    story.run(for: 100) { sample, _ in sample.answer(milliseconds: 15) }
    let words = "p99 15 ms is over 13.5 times the 1 ms of its last hour"
    #expect(story.reasons.first?.hasPrefix(words) == true, "\(story.reasons)")
  }

  @Test func threeTimesSlowerThanItsTwinIsSickWithinTheServiceLevel() {
    var story = RuleStory()
    story.run(for: 90) { sample, _ in
      sample.answer(milliseconds: 32)
      sample.addSibling("a", milliseconds: 10)
    }
    #expect(story.story == "15 healthy, 45 degraded, 30 faulty")
    #expect(story.reasons == ["p99 of tag-reader 32 ms is over 3 times the 10 ms of denver-02/a for 89 s"])
    #expect(story.findings[0].rule == .latencyOfSiblings && story.findings[0].subject == "tag-reader")
    story.run(for: 100) { sample, _ in sample.answer(milliseconds: 32) }
    #expect(story.health == .faulty, "a silent sibling changes nothing")
    #expect(story.reasons[0].hasSuffix("for 89 s, and nothing to compare with since"))
    story.run(for: 16) { sample, _ in
      sample.answer(milliseconds: 22)
      sample.addSibling("a", milliseconds: 10)
    }
    #expect(story.health == .healthy)
  }

  @Test(arguments: ["another version", "not serving", "too few requests", "much less load", "the middle one"])
  func whatCannotBeComparedAccusesNobody(_ what: String) {
    var story = RuleStory()
    story.run(for: 200) { sample, _ in
      sample.answer(milliseconds: 32)
      switch what {
      case "another version":
        sample.addSibling("a", milliseconds: 5)
        sample.siblings[0].models[0].version = ModelVersion(name: "tag-reader", number: 2)
      case "not serving":
        sample.addSibling("a", milliseconds: 5)
        sample.siblings[0].isServing = false
      case "too few requests": sample.addSibling("a", milliseconds: 5, requests: 19)
      case "much less load": sample.addSibling("a", milliseconds: 5, requests: 40)
      default:
        // One that is oddly quick, and two like this one.
        sample.addSibling("a", milliseconds: 5)
        sample.addSibling("c", milliseconds: 30)
        sample.addSibling("d", milliseconds: 31)
      }
    }
    #expect(story.story == "200 healthy", "\(story.reasons)")
  }

  @Test func theBaselineStaysSmall() {
    var baseline = LatencyBaseline()
    var recorder = LatencyRecorder()
    for index in 0..<5000 { recorder.record(microseconds: UInt64(100 + index * 17)) }
    let window = recorder.snapshot
    for second in 0..<20_000 { baseline.take(window, isGood: true, at: Double(second)) }
    #expect(baseline.size <= 14 * window.buckets.count)
  }
}
