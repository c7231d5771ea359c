import FleetCore
import FoundationEssentials
import Terminal
import Testing

@testable import FleetConsole

@Suite struct UpdateTests {
  @Test func silenceBecomesUnreachableAndNewsEndsIt() throws {
    let fleet = FleetFixture.healthy()
    let name = NodeName(store: "reno-03", node: "a")
    fleet.run(seconds: 5, silent: [name])
    #expect(fleet.state.node(name)?.condition(at: fleet.state.now) == .healthy)
    fleet.run(seconds: 1, silent: [name])
    #expect(fleet.state.node(name)?.condition(at: fleet.state.now) == .unreachable)
    let event = try #require(fleet.state.log.events.last)
    #expect(event.node == name && event.text.contains("unreachable"))
    fleet.run(seconds: 20, silent: [name])
    #expect(fleet.state.log.events.filter { $0.text.contains("unreachable") }.count == 1)
    fleet.run(seconds: 1)
    #expect(fleet.state.node(name)?.condition(at: fleet.state.now) == .healthy)
    #expect(fleet.state.log.events.last?.text == "reachable again")
  }

  @Test func aNeverHeardNodeIsConnectingAndThenUnreachable() {
    let fleet = FleetFixture()
    #expect(fleet.state.nodes[0].condition(at: fleet.state.now) == .connecting)
    fleet.seconds = 6
    fleet.send(.tick)
    #expect(fleet.state.nodes[0].condition(at: fleet.state.now) == .unreachable)
  }

  @Test func historySentAgainChangesNothing() throws {
    let fleet = FleetFixture.healthy()
    let node = try #require(fleet.state.nodes.first)
    let last = try #require(node.last)
    fleet.seconds += 3
    fleet.send(.frame(node.name, last))
    #expect(fleet.state.nodes[0].arrived == node.arrived, "old news must not look new")
    #expect(fleet.state.nodes[0].metrics == node.metrics)
  }

  @Test func healthAndAvailabilityAreTold() {
    let texts = FleetFixture.degraded().state.log.events.map { "\($0.node?.description ?? "") \($0.text)" }
    #expect(texts.contains("denver-02/b degraded: p99 110 ms is over the SLO of 50 ms for 10 s"))
    #expect(texts.contains { $0.hasPrefix("denver-02/b faulty") })
    let drained = FleetFixture.drained().state.log.events.map(\.text)
    #expect(drained.contains("draining: p99 over SLO (kim)"))
    #expect(drained.contains { $0.hasPrefix("drained") })
  }

  @Test func engineRestartIsToldWithItsReason() {
    let fleet = FleetFixture.healthy()
    fleet.run(seconds: 1) { frame, _ in
      frame.engine.restarts = 1
      frame.engine.state = .restarting
      frame.engine.problem = "killed by signal 9"
    }
    #expect(fleet.state.log.events.last?.text == "the engine ended (restart 1): killed by signal 9")
  }

  @Test func whatANodeTellsOfItsPastStandsAtItsOwnTime() throws {
    let fleet = FleetFixture()
    fleet.seconds = 100
    let name = fleet.names[0]
    for (sequence, health) in [Health.healthy, .degraded, .healthy].enumerated() {
      var frame = Frame(
        node: name,
        sequence: UInt64(sequence),
        agentStarted: FleetFixture.start,
        time: FleetFixture.start.addingTimeInterval(60 + Double(sequence)),
        engine: EngineStatus(state: .serving)
      )
      frame.health = health
      fleet.send(.frame(name, frame))
    }
    #expect(fleet.state.log.events.map(\.date) == [61, 62].map { FleetFixture.start.addingTimeInterval($0) })
  }

  @Test func framesOfThePastAreNoNewsOfNow() throws {
    let fleet = FleetFixture.healthy()
    let name = fleet.names[0]
    fleet.run(seconds: 30, silent: [name])
    var frame = try #require(fleet.state.nodes[0].last)
    for second in 61...63 {
      frame.sequence += 1
      frame.time = FleetFixture.start.addingTimeInterval(Double(second))
      fleet.send(.frame(name, frame))
      fleet.send(.tick)
    }
    let age = try #require(fleet.state.nodes[0].age(at: fleet.state.now))
    #expect(abs(age - 27) < 0.1)
    #expect(fleet.state.nodes[0].condition(at: fleet.state.now) == .unreachable)
    #expect(fleet.state.log.events.filter { $0.node == name }.count == 1, "told once, and not as reachable")
    fleet.run(seconds: 1)
    #expect(fleet.state.nodes[0].age(at: fleet.state.now) == 0)
    #expect(fleet.state.log.events.filter { $0.node == name }.map(\.text).last == "reachable again")
  }

  @Test func aClockThatRunsSlowIsNotOldNews() {
    let fleet = FleetFixture()
    for second in 1...20_000 {
      fleet.seconds = Double(second)
      let frame = Frame(
        node: fleet.names[0],
        sequence: UInt64(second),
        agentStarted: FleetFixture.start,
        time: FleetFixture.start.addingTimeInterval(Double(second) * 0.9995),
        engine: EngineStatus(state: .serving)
      )
      fleet.send(.frame(fleet.names[0], frame))
    }
    #expect((fleet.state.nodes[0].age(at: fleet.state.now) ?? 99) < 0.1)
  }

  @Test func aNodeNeverHeardIsToldWithItsReasonAlone() {
    let fleet = FleetFixture()
    let name = fleet.names[0]
    fleet.send(.linkLost(name, "connection refused by 10.0.0.1:7500"))
    fleet.send(.tick)
    #expect(fleet.state.log.events.map(\.text) == ["unreachable: connection refused by 10.0.0.1:7500"])
    fleet.run(seconds: 1)
    #expect(fleet.state.log.events.filter { $0.node == name }.map(\.text).last == "reachable")
  }

  @Test func everyEventIsToldOnceInTheOrderItCame() {
    var log = EventLog()
    func event(_ second: Double) -> FleetEvent {
      FleetEvent(date: FleetFixture.start.addingTimeInterval(second), node: nil, weight: .good, text: "\(second)")
    }
    for second in [10.0, 20, 30] { log.insert(event(second)) }
    let told = log.total
    for second in [15.0, 40, 12] { log.insert(event(second)) }
    #expect(log.events(after: told).map(\.text) == ["15.0", "40.0", "12.0"])
    #expect(log.events.map(\.text) == ["10.0", "12.0", "15.0", "20.0", "30.0", "40.0"])
    #expect(log.events(after: log.total).isEmpty)
  }

  @Test func quitEnds() {
    let fleet = FleetFixture.healthy()
    #expect(fleet.press(.character("q")) == [.quit])
    #expect(fleet.press(.control("c")) == [.quit])
  }

  @Test func quittingDuringAJobAsksOnce() {
    let fleet = FleetFixture.healthy()
    fleet.send(.job(JobReport(kind: .push, title: "push tag-reader@2", nodes: fleet.names)))
    #expect(fleet.press(.character("q")).isEmpty)
    #expect(fleet.state.interface.notice?.contains("q again") == true)
    #expect(fleet.press(.character("q")) == [.quit])
  }

  @Test func keysTypedIntoAFilterNeverAct() {
    let fleet = FleetFixture.healthy()
    fleet.press(.character("/"))
    #expect(fleet.type("q d p u b t s e ?").isEmpty)
    #expect(fleet.state.interface.overlay == nil)
    #expect(fleet.state.themeIndex == 0)
  }

  @Test func filterSelectsCountsAndForgets() {
    let fleet = FleetFixture.healthy()
    fleet.press(.character("/"))
    fleet.type("denver")
    #expect(FleetRows.matching(fleet.state).map(\.name.store) == ["denver-02", "denver-02"])
    #expect(fleet.state.interface.selection == .node(NodeName(store: "denver-02", node: "a")))
    fleet.press(.enter)
    #expect(fleet.screen(160, 50).text.contains("/denver 2/6"))
    fleet.press(.escape)
    #expect(FleetRows.matching(fleet.state).count == 6)
  }

  @Test func aWrongFilterSaysWhereAndKeepsTheLastGoodOne() {
    let fleet = FleetFixture.healthy()
    fleet.press(.character("/"))
    fleet.type("denver-02 and")
    #expect(fleet.state.interface.filterError != nil)
    #expect(fleet.screen(80, 24).text.contains("column"))
    #expect(FleetRows.matching(fleet.state).count == 2)
    fleet.press(.enter)
    #expect(fleet.state.interface.filterInput != nil, "a wrong filter cannot be kept")
  }

  @Test func drainIsPlannedOnlyAfterACancelFirstDialog() throws {
    let fleet = FleetFixture.degraded().selecting("denver-02/b")
    #expect(fleet.press(.character("d"), .enter).isEmpty, "the focus is on Cancel")
    #expect(fleet.state.interface.overlay == nil)
    let effects = fleet.press(.character("d"), .right, .enter)
    guard case .drain(let plan) = try #require(effects.first) else {
      Issue.record("expected a drain, found \(effects)")
      return
    }
    #expect(plan.nodes == [NodeName(store: "denver-02", node: "b")])
    #expect(plan.order.reason == "p99 110 ms is over the SLO of 50 ms for 10 s")
    #expect(plan.order.orderedBy == "kim")
    #expect(plan.order.deadline == DrainOrder.defaultDeadline)
    #expect(!plan.order.isForced)
  }

  @Test func theLastServingNodeNeedsForce() {
    let fleet = FleetFixture.drained().selecting("denver-02/a")
    fleet.press(.character("d"))
    #expect(fleet.press(.right, .enter).isEmpty)
    #expect(fleet.press(.left, .up, .enter, .down, .right).isEmpty)
    let effects = fleet.press(.enter)
    guard case .drain(let plan)? = effects.first else {
      Issue.record("expected a drain, found \(effects)")
      return
    }
    #expect(plan.order.isForced)
  }

  @Test func aDrainNeedsAReason() {
    let fleet = FleetFixture.healthy()
    fleet.press(.character("d"), .down, .down, .control("u"), .up, .up)
    #expect(fleet.press(.right, .enter).isEmpty)
  }

  @Test func pushGoesToTheChosenStore() throws {
    let fleet = FleetFixture.healthy()
    #expect(fleet.press(.character("p"), .enter).isEmpty)
    let effects = fleet.press(.character("p"), .up, .up, .right, .down, .down, .right, .enter)
    guard case .orderPush(let order) = try #require(effects.first) else {
      Issue.record("expected a push, found \(effects)")
      return
    }
    #expect(order.model.version == ModelVersion(name: "tag-reader", number: 2))
    #expect(order.nodes.map(\.description) == ["austin-01/a", "austin-01/b"])
    #expect(order.target == "austin-01" && order.strategy.name == "default")
    #expect(fleet.state.interface.overlay == nil && fleet.state.interface.page == .jobs)
  }

  @Test(arguments: ["d", "u", "b"])
  func aStoreRowActsOnlyOnNodesThatTheFilterShows(_ key: String) throws {
    let fleet = FleetFixture.healthy()
    if key == "u" {
      fleet.run(seconds: 1) { frame, _ in frame.availability = .drained }
    }
    fleet.press(.character("/"))
    fleet.type("denver-02/a")
    fleet.press(.enter, .up)
    #expect(fleet.state.interface.selection == .store("denver-02"))
    fleet.type(key)
    let nodes: [NodeName]? =
      switch fleet.state.interface.overlay {
      case .drain(let form): form.nodes
      case .confirm(let form): form.nodes
      default: nil
      }
    #expect(nodes?.map(\.description) == ["denver-02/a"])
  }

  @Test func aDrainedNodeThatIsUnreachableCannotBeUndrained() {
    let fleet = FleetFixture.drained().selecting("denver-02/b")
    fleet.run(seconds: 7, silent: [NodeName(store: "denver-02", node: "b")])
    fleet.state.interface.selection = .store("denver-02")
    fleet.press(.character("u"))
    #expect(fleet.state.interface.overlay == nil)
    #expect(fleet.state.interface.notice == "denver-02/b is drained, but unreachable: it hears no order")
  }

  @Test func pushProposesTheNextVersionAboveWhatIsServed() {
    let base = ModelLibrary.fixture.models[0]
    func library(_ numbers: [Int]) -> ModelLibrary {
      ModelLibrary(
        models: numbers.map { number in
          var model = base
          model.manifest = ModelManifest(
            version: ModelVersion(name: "tag-reader", number: number),
            files: base.manifest.files
          )
          return model
        }
      )
    }
    for (numbers, proposed) in [([1, 2, 3], 2), ([1], 1), ([3, 5], 3)] {
      let fleet = FleetFixture(library: library(numbers))
      fleet.run(seconds: 2)
      #expect(PushForm(fleet.state).order?.model.version.number == proposed)
    }
    #expect(PushForm(FleetFixture(library: library([1, 2, 3])).state).order?.model.version.number == 3)
  }

  @Test func theSelectionComesBackAfterAFilterWithoutMatch() {
    let fleet = FleetFixture.healthy().selecting("denver-02/b")
    fleet.press(.character("/"))
    fleet.type("zzz")
    #expect(fleet.state.selectedNodes.isEmpty, "nothing that is out of sight")
    fleet.press(.escape)
    #expect(fleet.state.selectedNodes.map(\.name.description) == ["denver-02/b"])
  }

  @Test func disabledActionsSayWhy() {
    var fleet = FleetFixture(library: ModelLibrary())
    fleet.press(.character("p"))
    #expect(fleet.state.interface.notice?.contains("fleet.yaml") == true)
    fleet = .healthy()
    fleet.press(.character("u"))
    #expect(fleet.state.interface.notice == "austin-01/a is not drained; d drains")
    fleet = FleetFixture.unreachable().selecting("reno-03/a")
    fleet.press(.character("d"))
    #expect(fleet.state.interface.notice == "reno-03/a is unreachable")
  }

  @Test func everyActionHasAKeyOfItsOwnAndHelpAndReadmeNameAll() throws {
    for page in [Interface.Page.fleet, .jobs, .alerts] {
      let keys = ActionRegistry.all.filter { $0.scope.holds(page) }.flatMap(\.keys)
      #expect(Set(keys).count == keys.count)
    }
    #expect(Set(ActionRegistry.all.map(\.id)).count == Action.ID.allCases.count)
    let fleet = FleetFixture.healthy()
    fleet.press(.character("?"))
    let help = fleet.screen(100, 70).text
    for action in ActionRegistry.all { #expect(help.contains(action.help), "\(action.id)") }
    let readme = try String(
      contentsOfFile: #filePath.replacing("Tests/FleetConsoleTests/UpdateTests.swift", with: "README.md"),
      encoding: .utf8
    )
    for action in ActionRegistry.all where ![.up, .down, .pageUp, .pageDown, .first, .last].contains(action.id) {
      #expect(readme.contains("| `\(action.label)` | \(action.help) |"), "\(action.id)")
    }
  }

  @Test(arguments: [[Key.character("?")], [.character("e")], [.enter]])
  func scrollingEndsWhereTheTextDoes(_ opening: [Key]) {
    let fleet = FleetFixture.degraded().selecting("denver-02/b")
    fleet.send(.resized(Size(width: 80, height: 12)))
    for key in opening { fleet.press(key) }
    let top = fleet.screen(80, 12).text
    fleet.press(.end)
    let bottom = fleet.screen(80, 12).text
    fleet.press(.down, .pageDown)
    #expect(fleet.screen(80, 12).text == bottom)
    fleet.press(.up)
    if opening != [.character("e")] { #expect(top != bottom && fleet.screen(80, 12).text != bottom) }
    fleet.press(.home)
    #expect(fleet.screen(80, 12).text == top)
  }

  @Test func whatAnUnreachableNodeSaidIsWrittenInThePast() {
    let fleet = FleetFixture.unreachable().selecting("reno-03/a")
    fleet.press(.enter)
    let page = fleet.screen(160, 50).text
    #expect(page.contains("availability was serving") && page.contains("state        was serving"))
  }

  @Test func themesGoRound() {
    let fleet = FleetFixture.healthy()
    #expect(fleet.press(.character("t")) == [.setTheme("daylight")])
    #expect(fleet.press(.character("t")) == [.setTheme("midnight")])
  }

  @Test func sortPutsTheHighestFirstAndFoldingHidesNodes() {
    let fleet = FleetFixture.healthy()
    fleet.press(.character("s"), .character("s"), .character("s"))
    #expect(fleet.state.interface.sort == .p99)
    #expect(FleetRows.rows(fleet.state).first?.selection == .store("denver-02"))
    #expect(FleetRows.rows(fleet.state)[1].selection == .node(NodeName(store: "denver-02", node: "b")))
    fleet.press(.home, .enter)
    #expect(FleetRows.rows(fleet.state).count == 7)
  }

  @Test func randomKeysAndMessagesNeverBreakAnything() {
    let seed = UInt64.random(in: 0 ... .max)
    var random = SplitMix(seed: seed)
    let keys: [Key] =
      [
        .enter, .escape, .tab, .backTab, .backspace, .up, .down, .left, .right, .home, .end, .pageUp, .pageDown,
        .delete, .function(1),
      ]
      + "pdubsteq?/xjkgGJJrr ao=*1".map { Key.character($0) }
    let fleet = FleetFixture.degraded()
    for step in 0..<1500 {
      switch Int.random(in: 0..<12, using: &random) {
      case 0: fleet.run(seconds: 1, silent: Set(fleet.names.filter { _ in Bool.random(using: &random) }))
      case 1:
        if let job = fleet.state.job {
          var report = job
          report.state = Bool.random(using: &random) ? .succeeded : .failed("no", .failed)
          fleet.send(.job(report))
        }
      case 2: fleet.send(.linkLost(fleet.names[0], "gone"))
      case 3:
        let jobs = JobFixture.list().filter { _ in Bool.random(using: &random) }
        let page = jobs.first.map { JobPage(job: $0, report: JobFixture.failed()) }
        fleet.send(.jobs(JobReading(jobs: jobs, page: page)))
        fleet.send(.resized(Size(width: Int.random(in: 0...170, using: &random), height: 30)))
      default: fleet.press(keys[Int.random(in: 0..<keys.count, using: &random)])
      }
      if step.isMultiple(of: 25) {
        let buffer = fleet.screen(Int.random(in: 0...170, using: &random), Int.random(in: 0...55, using: &random))
        #expect(buffer.cells.count == buffer.size.width * buffer.size.height, "seed \(seed)")
      }
    }
  }
}
