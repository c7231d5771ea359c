import FleetCore
import FleetTestSupport
import FoundationEssentials
import Logging
import Testing

@testable import FleetAgent

/// What a node remembers of what was done to it.
struct ChangeLogTests {
  private static func log(_ folder: TemporaryFolder, _ seconds: Double = 0) throws -> ChangeLog {
    try ChangeLog(
      stateDirectory: folder.path,
      date: { Date(timeIntervalSince1970: seconds) },
      log: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
    )
  }

  @Test func theNewestAreKeptOverRestarts() async throws {
    let folder = try TemporaryFolder()
    let first = try Self.log(folder, 7)
    await first.open()
    for number in 1...70 { await first.note(.activated, "change \(number)", orderedBy: number == 70 ? "kim" : nil) }
    await first.settle()
    let second = try Self.log(folder)
    await second.open()
    let changes = await second.changes
    #expect(changes.count == NodeChange.maximumCount)
    #expect(changes.first?.text == "change 7")
    let last = NodeChange(time: Date(timeIntervalSince1970: 7), kind: .activated, text: "change 70", orderedBy: "kim")
    #expect(changes.last == last)
  }

  @Test func aBrokenFileIsBegunAnew() async throws {
    let folder = try TemporaryFolder()
    try Data("[{\"time\": 1,".utf8).write(to: URL(filePath: folder.path("changes.json")))
    let log = try Self.log(folder)
    await log.open()
    #expect(await log.changes.isEmpty)
    await log.note(.agentStarted, "started")
    await log.settle()
    let next = try Self.log(folder)
    await next.open()
    #expect(await next.changes.map(\.text) == ["started"])
  }

  @Test func anAgentTellsWhatWasDoneToIt() async throws {
    let folder = try TemporaryFolder()
    let (first, second) = (TestVersion.tiny(1), TestVersion.tiny(2))
    let sibling = NodeName(store: "austin-01", node: "b")
    var changes: [NodeChange] = []
    do {
      let node = try await TestNode(folder: folder, siblings: [sibling])
      for version in [first, second] {
        try await version.push(to: node.agent)
        _ = try await node.agent.execute(.activate(version.version, digest: version.digest))
      }
      // What serves already changes nothing.
      _ = try await node.agent.execute(.activate(second.version, digest: second.digest))
      _ = try await node.agent.execute(.rollback(model: "tag-reader"))
      let order = DrainOrder(reason: "too slow", orderedBy: "kim", deadline: .seconds(60))
      _ = try await node.agent.execute(.drain(order))
      _ = try await node.agent.execute(.undrain(orderedBy: "lee"))
      _ = try? await node.agent.execute(.rollback(model: "no-such-model"))
      node.engines.started.last?.end(.killed(signal: 9))
      try await eventually("the crash and the next engine are told") {
        try await node.agent.describe().changes.suffix(2).map(\.kind) == [.engineCrashed, .engineStarted]
      }
      changes = try await node.agent.describe().changes
      #expect(
        changes.map(\.kind) == [
          .agentStarted, .engineStarted, .activated, .activated, .rolledBack, .drained, .undrained, .engineCrashed,
          .engineStarted,
        ]
      )
      #expect(changes[3].text == "activated tag-reader@2 after tag-reader@1")
      #expect(changes[4].text == "rolled back to tag-reader@1")
      #expect(changes[5].text == "drained: too slow" && changes[5].orderedBy == "kim" && changes[6].orderedBy == "lee")
      #expect(changes[7].text == "the engine ended: killed by signal 9 (SIGKILL)")
      let disk = try Self.log(folder)
      try await eventually("all of it is on the disk") {
        await disk.open()
        return await disk.changes == changes
      }
      await node.stop()
    }

    let next = try await TestNode(folder: folder)
    let later = try await next.agent.describe().changes
    #expect(Array(later.prefix(changes.count)) == changes, "it outlives the agent")
    #expect(later[changes.count].kind == .agentStarted)
    await next.stop()
  }
}
