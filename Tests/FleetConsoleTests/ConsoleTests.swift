import FleetCore
import FleetTestSupport
import FoundationEssentials
import Synchronization
import Terminal
import Testing

@testable import FleetConsole

/// The loop as a whole: simulated nodes in, cells out.
@Suite struct ConsoleTests {
  @Test(.timeLimit(.minutes(1))) func showsNodesTakesKeysAndCloses() async throws {
    let name = NodeName(store: "austin-01", node: "a")
    let agent = SimulatedAgent(name: name) { frame in frame.engine.state = .serving }
    let definition = FleetDefinition(
      name: "acme",
      stores: [.init(name: "austin-01", nodes: [.init(name: name, address: "h:1")])]
    )
    let screen = MemoryScreen(size: Size(width: 100, height: 30))
    let (input, keys) = AsyncStream.makeStream(of: Input.self)
    let console = Console(agents: [agent])
    async let ended = console.run(
      definition: definition,
      library: ModelLibrary(),
      operatorName: "kim",
      utcOffset: 0,
      screen: screen,
      input: input
    )
    try await eventually("the node is healthy") { screen.last?.text.contains("● healthy") ?? false }
    keys.yield(.key(.character("?")))
    try await eventually("the help is shown") { screen.last?.text.contains("╭─ help") ?? false }
    screen.setSize(Size(width: 20, height: 3))
    keys.yield(.key(.escape))
    keys.yield(.resized)
    try await eventually("it has the new size") { screen.last?.size == Size(width: 20, height: 3) }
    keys.yield(.key(.character("q")))
    let state = await ended
    #expect(screen.isClosed)
    #expect(state.node(name)?.last != nil)
  }

  @Test(.timeLimit(.minutes(1))) func endsWithItsInput() async {
    let screen = MemoryScreen(size: Size(width: 80, height: 24))
    let (input, keys) = AsyncStream.makeStream(of: Input.self)
    keys.yield(.ended)
    _ = await Console(agents: []).run(
      definition: FleetDefinition(name: "acme"),
      library: ModelLibrary(),
      operatorName: "kim",
      utcOffset: 0,
      screen: screen,
      input: input
    )
    #expect(screen.isClosed)
  }

  @Test(.timeLimit(.minutes(1))) func aSilentAgentDelaysNobodyAndComesBack() async throws {
    let names = ["a", "b"].map { NodeName(store: "s", node: $0) }
    let agents = names.map { name in SimulatedAgent(name: name) { frame in frame.engine.state = .serving } }
    await agents[0].setPaused(true)
    let definition = FleetDefinition(
      name: "acme",
      stores: [.init(name: "s", nodes: names.map { .init(name: $0, address: "h:1") })]
    )
    let screen = MemoryScreen(size: Size(width: 100, height: 30))
    let (input, keys) = AsyncStream.makeStream(of: Input.self)
    async let ended = Console(agents: agents).run(
      definition: definition,
      library: ModelLibrary(),
      operatorName: "kim",
      utcOffset: 0,
      screen: screen,
      input: input
    )
    try await eventually("the first is healthy") { screen.last?.text.contains("1 healthy") ?? false }
    try await eventually("the other is unreachable") { screen.last?.text.contains("○ 1 unreachable") ?? false }
    await agents[0].setPaused(false)
    try await eventually("both are healthy") { screen.last?.text.contains("● 2 healthy") ?? false }
    keys.yield(.ended)
    _ = await ended
  }

  @Test(.timeLimit(.minutes(1))) func aFollowerAsksForAsMuchHistoryAsItIsTold() async throws {
    let agent = StubAgent(name: NodeName(store: "s", node: "a")) { _ in .serving }
    let task = Task { await NodeFollower(agent, history: 12) { _ in }.run() }
    try await eventually("frames are asked for") { agent.requests.withLock { !$0.isEmpty } }
    task.cancel()
    await task.value
    #expect(agent.requests.withLock { $0.first?.history } == 12)
  }
}

@Suite struct StatusDocumentTests {
  @Test func namesTheSchemaAndEveryNumber() throws {
    let document = StatusDocument(FleetFixture.degraded().state)
    let json = document.encoded()
    for part in [
      #""schema":1"#, #""fleet":"acme""#, #""name":"denver-02/b""#, #""store":"denver-02""#,
      #""labels":{"region":"west"}"#,
      #""health":"faulty""#, #""reasons":["p99 110 ms is over the SLO of 50 ms for 10 s"]"#,
      #""availability":"serving""#,
      #""age_s":0"#, #""simulated":false"#, #""injected_fault":"latency=100ms after=40s""#, #""restarts":0"#,
      #""runtime":"OpenVINO 2026.4.1""#, #""celsius":{"absent":"no sensor under /sys/class/hwmon"}"#,
      #""source":"estimate""#,
      #""source":"measured""#, #""requests_per_s":"#, #""p50_ms":"#, #""p99_ms":"#, #""joules_per_inference":"#,
      #""in_flight":2"#,
      #""traffic":{"failovers":3,"lost":0,"sent":12345,"wrong":0}"#, #""memory_used_bytes":"#, #""totals":{"#,
      #""stores":[{"#,
      #""time":"2026-"#,
    ] {
      #expect(json.contains(part), "\(part)")
    }
    #expect(!json.contains("\n"))
  }

  @Test func drainTellsWhatHoldsItUp() {
    let fleet = FleetFixture.drained()
    fleet.run(seconds: 1) { frame, _ in
      guard frame.node.description == "denver-02/b" else { return }
      var drain = DrainStatus(reason: "r", orderedBy: "o", since: frame.time, deadline: frame.time, isForced: false)
      drain.oldest = FlightInfo(id: "till 4", model: "tag-reader", client: "10.0.0.7:5000", seconds: 12.34)
      drain.clients = [ClientTraffic(address: "10.0.0.7", perSecond: 33.33)]
      drain.targets = [HandOffTarget(name: NodeName(store: "denver-02", node: "a"), isServing: true, inFlight: 3)]
      frame.availability = .draining
      frame.drain = drain
    }
    let json = StatusDocument(fleet.state).encoded()
    for part in [
      #""oldest":{"age_s":12.3,"client":"10.0.0.7:5000","id":"till 4","model":"tag-reader"}"#,
      #""clients":[{"address":"10.0.0.7","requests_per_s":33.3}]"#,
      #""targets":[{"in_flight":3,"is_serving":true,"name":"denver-02/a","requests_per_s":null}]"#,
    ] {
      #expect(json.contains(part), "\(part)")
    }
  }

  @Test func unknownIsNotZero() {
    let json = StatusDocument(FleetFixture().state).encoded()
    #expect(!json.contains(#""requests_per_s":0"#))
    #expect(json.contains(#""watts":{"absent":"no node has news"}"#))
    #expect(json.contains(#""health":"connecting""#))
  }

  @Test func sumsThatLackANodesPartSaySo() throws {
    let fleet = FleetFixture()
    fleet.run(seconds: 20) { frame, _ in
      guard frame.node.description == "denver-02/b" else { return }
      frame.accelerators[0].watts = .absent("no meter")
    }
    let screen = fleet.screen(160, 50).text
    let header = try #require(screen.split(separator: "\n").first)
    #expect(header.contains(" W (5/6)") && !header.contains("req/s ("))
    #expect(screen.contains("≥~") && screen.contains("watts of 1/2 nodes"))
    let json = StatusDocument(fleet.state).encoded()
    #expect(json.contains(#""watts_nodes":5"#) && json.contains(#""watts_nodes":1"#))
    #expect(json.contains(#""requests_per_s_nodes":6"#))
    #expect(StatusTable.render(fleet.state).contains(" W (5/6)"))
  }

  @Test func theNodesOwnFactsAreInTheDocument() {
    let json = StatusDocument(FleetFixture.healthy().state).encoded()
    for part in [
      #""cores":4"#, #""operating_system":"Debian 12""#, #""architecture":"x86_64""#, #""siblings":["austin-01/b"]"#,
    ] {
      #expect(json.contains(part), "\(part)")
    }
  }
}

@Suite struct FormatTests {
  @Test func numbersKeepTheirWidth() {
    #expect(
      [0.04, 1.24, 98, 131.2, 12_345, 123_456].map { Format.number($0) } == [
        "0.0", "1.2", "98.0", "131", "12.3k", "123k",
      ]
    )
    #expect([0, 999, 48_200, 51e9].map { Format.bytes($0) } == ["0 B", "999 B", "48.2 KB", "51.0 GB"])
    #expect([0, 99, 100, 7200, 200_000].map { Format.age($0) } == ["0s", "99s", "1m", "2h", "2d"])
    #expect(Format.count(1_234_567) == "1,234,567" && Format.count(999) == "999")
    #expect(Format.fixed(-0.04, 1) == "0.0" && Format.fixed(0.05, 2) == "0.05" && Format.fixed(.nan, 1) == "–")
    #expect(Format.clock(Date(timeIntervalSince1970: 3661), utcOffset: -7200) == "23:01:01")
    #expect(Format.reading(.estimated(6.1)) { Format.fixed($0, 1) } == "~6.1")
  }
}
