import FoundationEssentials
import Testing

@testable import FleetCore

/// The rules about the box itself.
struct RuleTests {
  @Test func throttlingIsTold() {
    var story = RuleStory()
    story.run(for: 30) { sample, story in
      story.throttles += 2
      sample.throttles = .measured(story.throttles)
    }
    #expect(story.health == .degraded)
    let words = "the processor slows itself down because of heat, 20 times in 10 s, for "
    #expect(story.reasons.first?.hasPrefix(words) == true, "\(story.reasons)")
    story.run(for: 45) { sample, story in sample.throttles = .measured(story.throttles) }
    #expect(story.health == .healthy)
  }

  @Test func aCounterThatBeganAnewIsNoThrottling() {
    var story = RuleStory()
    story.run(for: 100) { sample, _ in sample.throttles = .measured(sample.seconds < 50 ? 900 : 3) }
    #expect(story.story == "100 healthy")
  }

  @Test func wattsOutOfProportionToTheWork() {
    var story = RuleStory()
    func work(_ joules: Double) -> (inout HealthSample, inout RuleStory) -> Void {
      { sample, story in
        story.joules += joules
        story.inferences += 10
        (sample.joules, sample.inferences) = (.measured(story.joules), story.inferences)
      }
    }
    story.run(for: 500, work(5))
    #expect(story.health == .healthy)
    story.run(for: 200, work(12))
    #expect(story.health == .degraded)
    #expect(
      story.reasons.first?.hasPrefix("energy 1.2 J per inference is over 2 times the 0.5 J that this load took before")
        == true,
      "\(story.reasons)"
    )
    #expect(story.findings.first?.samples == 300)
    story.run(for: 150, work(5))
    #expect(story.health == .healthy)
  }

  @Test func anEstimateOfEnergyAccusesNobody() {
    var story = RuleStory()
    story.run(for: 900) { sample, story in
      story.joules += sample.seconds < 500 ? 5 : 50
      story.inferences += 10
      (sample.joules, sample.inferences) = (.estimated(story.joules), story.inferences)
    }
    #expect(story.story == "900 healthy")
  }

  @Test func lessWorkMayTakeMoreEnergyEach() {
    var story = RuleStory()
    story.run(for: 1500) { sample, story in
      // 4 W when idle: at a tenth of the load an inference takes several times the energy.
      let rate: UInt64 = sample.seconds < 700 ? 40 : 4
      story.joules += 4 + 0.05 * Double(rate)
      story.inferences += rate
      (sample.joules, sample.inferences) = (.measured(story.joules), story.inferences)
    }
    #expect(story.story == "1500 healthy", "\(story.reasons)")
  }

  @Test func aDiskFillsUp() {
    var story = RuleStory()
    story.run(for: 20) { sample, _ in sample.diskFreeBytes = .measured(600 * 1_048_576) }
    #expect(story.health == .degraded)
    #expect(story.reasons == ["the disk has 600 MB free, under 1 GB, for 19 s"])
    story.run(for: 20) { sample, _ in sample.diskFreeBytes = .measured(50 * 1_048_576) }
    #expect(story.health == .faulty)
    #expect(story.reasons == ["the disk has 50 MB free, under 102 MB, for 19 s"])
    story.run(for: 20)
    #expect(story.health == .healthy)
  }

  @Test func aCertificateEnds() {
    var story = RuleStory()
    let end = Date(timeIntervalSince1970: 1_780_000_000 + 9.5 * 86_400)
    story.run(for: 10) { sample, _ in sample.certificateExpires = end }
    #expect(story.health == .degraded)
    #expect(story.reasons == ["the certificate expires in 9 days; 'fleet ca issue' makes a new one"])
    #expect(story.findings[0].limit == 14 && story.findings[0].unit == "days")
    story.run(for: 10) { sample, _ in
      sample.certificateExpires = end
      sample.date += 12 * 86_400
    }
    #expect(story.health == .faulty)
    #expect(story.reasons == ["the certificate expired 2 days ago; 'fleet ca issue' makes a new one"])
    #expect(story.findings[0].since == end)
    story.run(for: 20) { sample, _ in sample.certificateExpires = end + 365 * 86_400 }
    #expect(story.health == .healthy)
  }

  @Test func aProbeThatWorkedAndDoesNotAnyMore() {
    var story = RuleStory()
    story.run(for: 20)
    story.run(for: 40) { sample, _ in sample.probes = [ProbeReport(name: "disk", seconds: 9, error: "hangs")] }
    #expect(story.health == .degraded)
    #expect(story.reasons == ["the probe 'disk' gives nothing any more (hangs) for 39 s"])
    story.run(for: 40)
    #expect(story.health == .healthy)
  }

  @Test func aProbeThatNeverWorkedIsNoFaultOfTheNode() {
    var story = RuleStory()
    story.run(for: 300) { sample, _ in sample.probes = [ProbeReport(name: "rapl", seconds: 0, error: "denied")] }
    #expect(story.story == "300 healthy")
  }

  @Test func aSensorThatTalksNonsense() {
    var story = RuleStory()
    let reading = ImpossibleReading(subject: "watts of cpu 0", text: "-3.0")
    story.run(for: 2) { sample, _ in sample.impossible = [reading] }
    #expect(story.health == .healthy)
    story.run(for: 1) { sample, _ in sample.impossible = [reading] }
    #expect(story.health == .degraded)
    #expect(story.reasons == ["watts of cpu 0: -3.0 cannot be, 3 times in 2 s"])
    story.run(for: 62)
    #expect(story.health == .healthy)
  }

  @Test func siblingsThatAgreeShowThatTheClockIsOff() {
    var story = RuleStory()
    story.run(for: 20) { sample, _ in
      sample.addSibling("a", milliseconds: 10, ahead: 31)
      sample.addSibling("c", milliseconds: 10, ahead: 31.2)
    }
    #expect(story.health == .degraded)
    #expect(story.reasons == ["the clock is 31.2 s behind denver-02/c's, more than 5 s, for 19 s"])
    #expect(story.findings[0].rule == .clock && story.findings[0].unit == "s")
  }

  @Test func withOneSiblingNobodyKnowsWhoseClockIsOff() {
    var story = RuleStory()
    story.run(for: 60) { sample, _ in sample.addSibling("a", milliseconds: 10, ahead: -3600) }
    #expect(story.story == "60 healthy")
  }

  @Test func aClockThatWasSeenToJumpIsOff() {
    var story = RuleStory()
    story.run(for: 20) { sample, _ in sample.addSibling("a", milliseconds: 10, ahead: 0.01) }
    story.run(for: 20) { sample, _ in
      sample.date += 3600
      sample.addSibling("a", milliseconds: 10, ahead: -3600)
    }
    #expect(story.health == .degraded)
    #expect(story.reasons == ["the clock is 60 min ahead of denver-02/a's, more than 5 s, for 19 s"])
    story.run(for: 20) { sample, _ in sample.addSibling("a", milliseconds: 10, ahead: 0) }
    #expect(story.health == .healthy)
    // The sibling's own jump is its own trouble.
    story.run(for: 60) { sample, _ in sample.addSibling("a", milliseconds: 10, ahead: 3600) }
    #expect(story.health == .healthy)
  }
}
