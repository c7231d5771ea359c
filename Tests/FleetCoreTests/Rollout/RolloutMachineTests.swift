import FleetCore
import Testing

struct RolloutMachineTests {
  @Test func wavesFollowEachOtherAndStoresGoNodeByNode() throws {
    var rig = RolloutRig(stores: 4)
    rig.attachAll()
    #expect(rig.machine.plan.waves.map(\.count) == [1, 1, 2])
    #expect(rig.machine.nodes.filter(\.phase.isBusy).map(\.name.description) == ["s00/a"])
    rig.bring("s00/a", to: .baking)
    #expect(rig.phase("s00/b") == .waiting, "its sibling waits until it has passed")
    rig.bring("s00/a", to: .passed)
    #expect(rig.phase("s00/b") == .transferring && rig.phase("s01/a") == .waiting)
    rig.bring("s00/b", to: .passed)
    #expect(rig.machine.wave == 1 && rig.phase("s01/a") == .transferring)
    rig.bring("s01/a", to: .passed)
    rig.bring("s01/b", to: .passed)
    #expect(rig.phase("s02/a") == .transferring && rig.phase("s03/a") == .transferring, "stores of a wave side by side")
    #expect(rig.phase("s02/b") == .waiting)
    for node in ["s02/a", "s03/a", "s02/b", "s03/b"] { rig.bring(node, to: .passed) }
    #expect(rig.machine.state == .succeeded)
    #expect(rig.machine.nextDeadline == nil)
  }

  @Test func storesSideBySideAreBounded() throws {
    var rig = RolloutRig(stores: 9, nodesPerStore: 1, RolloutStrategy(waves: .whole, storesAtOnce: 3))
    rig.attachAll()
    #expect(rig.machine.nodes.count(where: \.phase.isBusy) == 1, "one store until a node has passed")
    rig.bring("s00/a", to: .passed)
    #expect(rig.machine.nodes.count(where: \.phase.isBusy) == 3)
  }

  @Test func aFailedGateRollsItsWaveBackAndEndsIt() throws {
    var rig = RolloutRig(stores: 4)
    rig.attachAll()
    rig.bring("s00/a", to: .passed)
    rig.bring("s00/b", to: .baking)
    let actions = rig.give(.judged(rig.name("s00/b"), RolloutRig.verdict(.failed)))
    #expect(actions.contains(.rollBack(rig.name("s00/a"))) && !actions.contains(.rollBack(rig.name("s00/b"))))
    #expect(rig.phase("s01/a") == .cancelled)
    rig.give(.restored(rig.name("s00/a"), serving: RolloutRig.old.version, wasSwitched: true))
    #expect(rig.phase("s00/b") == .rollingBack, "never two of a store at once")
    rig.give(.restored(rig.name("s00/b"), serving: RolloutRig.old.version, wasSwitched: true))
    #expect(rig.machine.state == .ended(.failed, "s00/b failed its gate: p99 < 50ms: 100ms"))
    #expect(rig.reason("s00/b") == "serves tag-reader@1 again: failed its gate: p99 < 50ms: 100ms")
  }

  @Test func aFailedGateLeavesEarlierWavesAlone() throws {
    var rig = RolloutRig(stores: 4, nodesPerStore: 1)
    rig.attachAll()
    rig.bring("s00/a", to: .passed)
    rig.bring("s01/a", to: .baking)
    rig.give(.judged(rig.name("s01/a"), RolloutRig.verdict(.failed)))
    #expect(rig.phase("s00/a") == .passed && rig.phase("s01/a") == .rollingBack)
  }

  @Test func aSwitchUnderWayIsSeenThroughBeforeItIsTakenBack() throws {
    var rig = RolloutRig(stores: 3, nodesPerStore: 1, RolloutStrategy(waves: try Waves(parsing: "1,100%")))
    rig.attachAll()
    rig.bring("s00/a", to: .passed)
    rig.bring("s01/a", to: .switching)
    rig.bring("s02/a", to: .baking)
    rig.give(.judged(rig.name("s02/a"), RolloutRig.verdict(.failed)))
    #expect(rig.phase("s01/a") == .switching)
    let actions = rig.give(.activated(rig.name("s01/a"), before: RolloutRig.old.version))
    #expect(actions == [.rollBack(rig.name("s01/a"))])
  }

  @Test func noDataPausesTheWaveAndThenGoesBack() throws {
    var rig = RolloutRig(stores: 2, nodesPerStore: 1)
    rig.attachAll()
    rig.bring("s00/a", to: .baking)
    rig.give(.judged(rig.name("s00/a"), RolloutRig.verdict(.undecided)))
    #expect(rig.phase("s00/a") == .undecided && rig.phase("s01/a") == .waiting)
    var late = rig
    late.give(.judged(rig.name("s00/a"), GateVerdict(findings: [])))
    late.give(.confirmed(rig.name("s00/a")))
    #expect(late.phase("s00/a") == .passed, "data that come later decide")
    rig.tickToDeadline()
    #expect(rig.phase("s00/a") == .rollingBack)
    rig.give(.restored(rig.name("s00/a"), serving: RolloutRig.old.version, wasSwitched: true))
    guard case .ended(.failed, let why) = rig.machine.state else {
      Issue.record("\(rig.machine.state)")
      return
    }
    #expect(why.contains("could not decide within 30m: p99 < 50ms: 100ms"))
  }

  @Test func stepFailuresCountForTheAbortRule() throws {
    let abort = try AbortRule(parsing: "failed >= 2")
    var rig = RolloutRig(stores: 5, nodesPerStore: 1, RolloutStrategy(waves: .whole, abort: abort))
    rig.attachAll()
    rig.give(.failed(rig.name("s00/a"), CommandError(.noSpace, "12 KB are free")))
    #expect(rig.phase("s00/a") == .failed && rig.machine.state == .running)
    rig.bring("s01/a", to: .passed)
    rig.bring("s02/a", to: .switching)
    rig.give(.failed(rig.name("s02/a"), CommandError(.unusable, "cannot load it")))
    #expect(rig.phase("s02/a") == .rollingBack, "only a look tells what it serves")
    #expect(rig.phase("s01/a") == .passed && rig.phase("s03/a") == .cancelled && rig.phase("s04/a") == .cancelled)
    rig.give(.restored(rig.name("s02/a"), serving: RolloutRig.old.version, wasSwitched: false))
    #expect(rig.phase("s02/a") == .failed)
    #expect(rig.reason("s02/a") == "cannot load it; it serves tag-reader@1")
    guard case .ended(.failed, let why) = rig.machine.state else {
      Issue.record("\(rig.machine.state)")
      return
    }
    #expect(why.hasPrefix("2 of 5 nodes failed (failed >= 2): s00/a: 12 KB are free; s02/a: cannot load it"))
  }

  @Test func unreachableNodesHoldNothingUpAndReturnThroughTheGate() throws {
    var rig = RolloutRig(stores: 3, nodesPerStore: 1)
    rig.attachAll(except: ["s00/a", "s02/a"])
    #expect(rig.phase("s00/a") == .unreachable && rig.phase("s01/a") == .transferring)
    rig.bring("s01/a", to: .passed)
    #expect(rig.machine.wave == 3 && rig.machine.state == .running)
    rig.give(.reachable(rig.name("s00/a"), serving: RolloutRig.old))
    #expect(rig.phase("s00/a") == .transferring)
    rig.bring("s00/a", to: .passed)
    rig.tickToDeadline()
    #expect(rig.machine.state == .incomplete("1 not reached of 3 nodes: s02/a"))
    #expect(rig.phase("s02/a") == .unreachable)
  }

  @Test func oneThatReturnsLateCountsToTheWaveUnderWay() throws {
    var rig = RolloutRig(stores: 3, nodesPerStore: 1)
    rig.attachAll(except: ["s00/a"])
    rig.bring("s01/a", to: .passed)
    rig.bring("s02/a", to: .passed)
    rig.give(.reachable(rig.name("s00/a"), serving: RolloutRig.old))
    rig.bring("s00/a", to: .baking)
    rig.give(.judged(rig.name("s00/a"), RolloutRig.verdict(.failed)))
    #expect(rig.phase("s02/a") == .rollingBack && rig.phase("s01/a") == .passed)
  }

  @Test func oneThatVanishesOnProbationCountsAsFailedUntilItReturns() throws {
    let abort = try AbortRule(parsing: "failed >= 2")
    var rig = RolloutRig(stores: 4, nodesPerStore: 1, RolloutStrategy(waves: .whole, abort: abort))
    rig.attachAll()
    rig.bring("s00/a", to: .passed)
    rig.bring("s01/a", to: .baking)
    rig.give(.unreachable(rig.name("s01/a"), "the line is cut"))
    #expect(rig.reason("s01/a") == "the line is cut; it may serve tag-reader@2 on probation")
    #expect(rig.machine.state == .running)
    rig.bring("s02/a", to: .transferring)
    rig.give(.unreachable(rig.name("s02/a"), "the line is cut"))
    #expect(rig.machine.state == .running, "one that was not switched is no failure")
    rig.bring("s03/a", to: .baking)
    rig.give(.unreachable(rig.name("s03/a"), "the line is cut"))
    guard case .ending(.failed, _) = rig.machine.state else {
      Issue.record("\(rig.machine.state)")
      return
    }
    #expect(rig.phase("s01/a") == .rollingBack && rig.phase("s03/a") == .rollingBack, "tried until time is up")
    rig.tickToDeadline()
    rig.tickToDeadline()
    #expect(rig.machine.state.isTerminal)
    #expect(rig.phase("s01/a") == .failed && rig.reason("s01/a").hasSuffix("it may serve tag-reader@2 on probation"))
  }

  @Test func aNodeThatComesAndGoesFailsInTheEnd() throws {
    var rig = RolloutRig(stores: 1, nodesPerStore: 1)
    rig.attachAll()
    for _ in 0..<20 {
      rig.give(.unreachable(rig.name("s00/a"), "gone"))
      rig.give(.reachable(rig.name("s00/a"), serving: RolloutRig.old))
    }
    #expect(rig.phase("s00/a") == .failed && rig.machine.state.isTerminal)
  }

  @Test func theNewerOrderWins() throws {
    let newer = NodeVersion(
      version: ModelVersion(name: "tag-reader", number: 3),
      digest: ModelDigest(ofManifest: [3])
    )
    var rig = RolloutRig(stores: 4, nodesPerStore: 1, RolloutStrategy(waves: .whole))
    rig.attachAll(except: ["s03/a"])
    rig.bring("s00/a", to: .baking)
    let actions = rig.give(.superseded(rig.name("s00/a"), by: newer.version))
    #expect(actions.contains(.stop(rig.name("s00/a"))))
    #expect(rig.reason("s00/a") == "somebody else made tag-reader@3 active there; the newer order wins")
    rig.give(.unreachable(rig.name("s01/a"), "gone"))
    rig.give(.reachable(rig.name("s01/a"), serving: newer))
    rig.give(.reachable(rig.name("s03/a"), serving: newer))
    #expect(rig.phase("s01/a") == .superseded && rig.phase("s03/a") == .superseded)
    rig.bring("s02/a", to: .passed)
    #expect(rig.machine.state == .succeeded)
  }

  @Test func aNodeThatServesItAlreadyIsSkipped() throws {
    var rig = RolloutRig(stores: 1)
    rig.give(.attached)
    let served = NodeVersion(version: RolloutRig.version, digest: RolloutRig.digest)
    rig.give(.reachable(rig.name("s00/a"), serving: served))
    rig.give(.reachable(rig.name("s00/b"), serving: nil))
    #expect(rig.phase("s00/a") == .skipped && rig.phase("s00/b") == .transferring)
  }

  @Test func pauseBeginsNothingAndResumeGoesOn() throws {
    var rig = RolloutRig(stores: 2, nodesPerStore: 1)
    rig.attachAll()
    rig.bring("s00/a", to: .baking)
    rig.give(.control(RolloutControl(.pause, by: "kim")))
    rig.bring("s00/a", to: .passed)
    #expect(rig.machine.state == .paused(by: "kim") && rig.phase("s01/a") == .waiting)
    rig.give(.control(RolloutControl(.resume, by: "lee")))
    #expect(rig.phase("s01/a") == .transferring)
  }

  @Test func cancelTakesBackWhatIsOnProbationOnly() throws {
    var rig = RolloutRig(stores: 3, nodesPerStore: 1, RolloutStrategy(waves: try Waves(parsing: "1,100%")))
    rig.attachAll()
    rig.bring("s00/a", to: .passed)
    rig.bring("s01/a", to: .baking)
    let actions = rig.give(.control(RolloutControl(.cancel, by: "kim")))
    #expect(actions == [.stop(rig.name("s02/a")), .rollBack(rig.name("s01/a"))])
    #expect(rig.phase("s02/a") == .cancelled && rig.phase("s00/a") == .passed)
    rig.give(.restored(rig.name("s01/a"), serving: RolloutRig.old.version, wasSwitched: true))
    #expect(rig.machine.state == .ended(.cancelled, "cancelled by kim"))
  }

  @Test func undoTakesEveryWaveBackAlsoAfterTheEnd() throws {
    var rig = RolloutRig(stores: 2, nodesPerStore: 2)
    rig.attachAll()
    for node in ["s00/a", "s00/b", "s01/a", "s01/b"] { rig.bring(node, to: .passed) }
    #expect(rig.machine.state == .succeeded)
    rig.give(.control(RolloutControl(.cancel, by: "kim")))
    #expect(rig.machine.state == .succeeded, "what is over cannot be cancelled")
    rig.give(.control(RolloutControl(.undo, by: "kim")))
    #expect(rig.machine.nodes.map(\.phase) == [.rollingBack, .passed, .rollingBack, .passed])
    for node in ["s00/a", "s01/a", "s00/b", "s01/b"] {
      rig.give(.restored(rig.name(node), serving: RolloutRig.old.version, wasSwitched: true))
    }
    #expect(rig.machine.state == .ended(.undone, "undone by kim"))
    #expect(rig.machine.nodes.allSatisfy { $0.phase == .rolledBack && !$0.isSwitched })
  }

  @Test func aRollbackThatCannotBeDoneSaysSo() throws {
    var rig = RolloutRig(stores: 1, nodesPerStore: 1)
    rig.attachAll()
    rig.bring("s00/a", to: .baking)
    rig.give(.judged(rig.name("s00/a"), RolloutRig.verdict(.failed)))
    rig.give(.failed(rig.name("s00/a"), CommandError(.notFound, "holds no earlier version")))
    #expect(rig.phase("s00/a") == .failed && rig.machine.state.isTerminal)
    #expect(
      rig.reason("s00/a")
        == "failed its gate: p99 < 50ms: 100ms; could not be rolled back: holds no earlier version; it may serve tag-reader@2 on probation"
    )
  }

  @Test func everyStepHasATimeout() throws {
    for phase in [RolloutNode.Phase.transferring, .switching, .baking, .confirming] {
      var rig = RolloutRig(stores: 1, nodesPerStore: 1)
      rig.attachAll()
      rig.bring("s00/a", to: phase)
      rig.tickToDeadline()
      #expect(rig.phase("s00/a") == (phase == .transferring ? .failed : .rollingBack), "\(phase)")
      rig.tickToDeadline()
      #expect(rig.machine.state.isTerminal && rig.machine.nodes[0].failure?.code == .timeout, "\(phase)")
    }
  }

  @Test func aDriverThatComesAnewDoesTheStepsUnderWayAgain() throws {
    var rig = RolloutRig(stores: 3, nodesPerStore: 1, RolloutStrategy(waves: .whole))
    rig.attachAll(except: ["s02/a"])
    rig.bring("s00/a", to: .baking)
    let actions = rig.give(.attached, after: 1_000_000)
    #expect(actions == [.bake(rig.name("s00/a")), .look(rig.name("s02/a"))])
    #expect((rig.machine.nextDeadline ?? 0) > rig.now, "time while nobody drove does not count")
  }

  @Test func eventsThatDoNotFitChangeNothing() throws {
    var rig = RolloutRig(stores: 2, nodesPerStore: 1)
    rig.attachAll()
    let before = rig.machine
    for event: RolloutEvent in [
      .activated(rig.name("s00/a"), before: nil), .confirmed(rig.name("s00/a")),
      .transferred(rig.name("s01/a"), sentBytes: 10),
      .restored(rig.name("s00/a"), serving: nil, wasSwitched: true),
      .judged(rig.name("s01/a"), GateVerdict(findings: [])),
      .failed(rig.name("s01/a"), CommandError(.failed, "x")), .confirmed(NodeName(store: "elsewhere", node: "a")),
      .tick,
    ] {
      #expect(rig.give(event, after: 0).isEmpty)
      #expect(rig.machine == before, "\(event)")
    }
  }
}
