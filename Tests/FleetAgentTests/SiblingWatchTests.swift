import FleetCore
import FleetTestSupport
import FoundationEssentials
import Glibc
import Synchronization
import Testing

@testable import FleetAgent

/// What a node knows of its siblings' load.
struct SiblingWatchTests {
  private static let name = NodeName(store: "austin-01", node: "b")

  private static func report(_ requests: UInt64, node: NodeName = name) -> LoadReport {
    LoadReport(
      node: node,
      time: 1_780_000_031,
      isServing: true,
      models: [
        LoadReport.Model(
          name: "tag-reader",
          version: 3,
          requests: requests,
          inFlight: 2,
          latency: LatencyHistogram([.init(microseconds: 5000, count: requests)])
        )
      ]
    )
  }

  private static func answer(_ report: LoadReport) -> SiblingPoll.Answer {
    SiblingPoll.Answer(report: report, clock: ClockDifference(secondsAhead: 31, uncertainty: 0.01))
  }

  /// Its agent would end with it.
  @Test func aNodeThatIsAloneWatchesOn() async throws {
    let node = try await TestNode()
    let hasEnded = Mutex(false)
    let watching = Task {
      try await node.parts.siblings.run()
      hasEnded.withLock { $0 = true }
    }
    for _ in 0..<3 { try await node.frame("is up") { _ in true } }
    #expect(!hasEnded.withLock { $0 })
    watching.cancel()
    try await eventually("it ends when it is told to") { hasEnded.withLock { $0 } }
    await node.stop()
  }

  @Test func theWindowIsWhatCameSince() throws {
    let now = Mutex(0.0)
    let clock = AgentClock(date: { Date(timeIntervalSince1970: 0) }, seconds: { now.withLock { $0 } })
    let watch = try SiblingWatch([], clock: clock)
    for second in 0...30 {
      now.withLock { $0 = Double(second) }
      watch.take(Self.answer(Self.report(UInt64(second * 10))), from: Self.name)
    }
    let sample = try #require(watch.samples.first)
    #expect(sample.name == Self.name && sample.isServing && sample.clock?.secondsAhead == 31)
    #expect(sample.models.map(\.version) == [ModelVersion(name: "tag-reader", number: 3)])
    #expect(sample.models.first?.latency.count == 100, "of the last ten seconds")
    #expect(watch.report(of: Self.name)?.models.first?.inFlight == 2)
    // Another node at the sibling's address is not the sibling.
    let stranger = NodeName(store: "austin-01", node: "c")
    watch.take(Self.answer(Self.report(9999, node: stranger)), from: Self.name)
    #expect(watch.report(of: Self.name)?.models.first?.requests == 300)
    now.withLock { $0 = 36 }
    #expect(watch.samples.isEmpty && watch.report(of: Self.name) == nil, "old words are no news")
  }

  @Test func whateverASiblingSaysTheAgentLivesOn() throws {
    var random = SeededRandom()
    let now = Mutex(0.0)
    let clock = AgentClock(date: { Date(timeIntervalSince1970: 0) }, seconds: { now.withLock { $0 } })
    let watch = try SiblingWatch([], clock: clock)
    let limits = HealthLimits()
    var monitor = HealthMonitor(slo: ServiceLevel(), limits: limits)
    let odd: [UInt64] = [0, 1, .max, .max - 1, 1 << 63]
    for second in 0..<300 {
      now.withLock { $0 = Double(second) }
      var report = Self.report(odd.randomElement(using: &random) ?? 0)
      report.time = [0, -1e300, 1e300, 1_780_000_000].randomElement(using: &random) ?? 0
      for _ in 0..<Int.random(in: 0...3, using: &random) {
        var model = report.models[0]
        model.name = random.chance(0.5) ? model.name : random.text()
        model.requests = odd.randomElement(using: &random) ?? 0
        model.latency = LatencyHistogram(
          odd.map { LatencyHistogram.Bucket(microseconds: $0, count: odd.randomElement(using: &random) ?? 0) }
        )
        report.models.append(model)
      }
      let difference = ClockDifference(secondsAhead: report.time, uncertainty: 0.01)
      watch.take(SiblingPoll.Answer(report: report, clock: difference), from: Self.name)
      let sample = HealthSample(seconds: Double(second), requests: 100, siblings: watch.samples)
      #expect(monitor.update(sample).findings.allSatisfy { !$0.text.isEmpty }, "\(random)")
    }
  }

  @Test func aSiblingIsAskedOverTheNetwork() async throws {
    let page = Mutex(Self.http(Self.report(10)))
    let server = try PageSibling { page.withLock { $0 } }
    let poll = try SiblingPoll(address: server.address) { Date(timeIntervalSince1970: 1_780_000_000) }
    let answer = try #require(await poll.ask(within: .seconds(5)))
    #expect(answer.report == Self.report(10))
    #expect(abs(answer.clock.secondsAhead - 31) < 0.001)
    let wrong = [
      "", "HTTP/1.1 404 Not Found\r\n\r\n{}", "HTTP/1.1 200 OK\r\n\r\n{\"node\":", "HTTP/1.1 200 OK\r\n\r\n{}",
      "HTTP/1.1 200 OK\r\n\r\n{\"node\":\"nowhere\",\"time\":1,\"serving\":true,\"models\":[]}",
    ]
    for text in wrong {
      page.withLock { $0 = text }
      #expect(await poll.ask(within: .seconds(5)) == nil, "\(text)")
    }
    let dead = try SiblingPoll(address: HostPort(host: "127.0.0.1", port: 1)) { Date() }
    #expect(await dead.ask(within: .seconds(1)) == nil)
  }

  @Test func oneThatSaysNothingIsNotWaitedForLongerThanASecond() async throws {
    let server = try PageSibling { nil }
    let poll = try SiblingPoll(address: server.address) { Date() }
    let began = ContinuousClock.now
    #expect(await poll.ask(within: .milliseconds(300)) == nil)
    #expect(ContinuousClock.now - began < .seconds(30), "a busy machine is slow too")
  }

  @Test func reportsAreReadAsTheyAreWritten() throws {
    let text = String(decoding: try JSONEncoder().encode(Self.report(10)), as: UTF8.self)
    #expect(try JSONDecoder().decode(LoadReport.self, from: Data(text.utf8)) == Self.report(10))
  }

  private static func http(_ report: LoadReport) -> String {
    let body = (try? JSONEncoder().encode(report)).map { String(decoding: $0, as: UTF8.self) } ?? ""
    return "HTTP/1.1 200 OK\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
  }
}

/// A sibling that answers every request with what `page` gives, and keeps silent when that is nil.
private final class PageSibling: Sendable {
  let address: HostPort
  private let socket: ListeningSocket

  init(_ page: @escaping @Sendable () -> String?) throws {
    socket = try ListeningSocket(binding: HostPort(host: "127.0.0.1", port: 0))
    address = socket.address
    let socket = socket
    try OwnThread.start("page-sibling") {
      var silent: [Descriptor] = []
      while true {
        let number = accept(socket.descriptor.number, nil, nil)
        guard number >= 0 else { return }
        let connection = Descriptor(owning: number)
        guard (try? connection.read(upTo: 1024)) != nil else { continue }
        if let text = page() { try? connection.send(Array(text.utf8)) } else { silent.append(connection) }
      }
    }
  }

  deinit { socket.descriptor.shutDown() }
}
