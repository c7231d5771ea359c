import FleetCore
import FleetTestSupport
import FleetWire
import FoundationEssentials
import Testing

@testable import FleetAgent

/// How a version takes the place of another.
struct ActivationTests {
  private static let sibling = NodeName(store: "austin-01", node: "b")
  private let first = TestVersion.tiny(1)
  private let second = TestVersion.tiny(2)
  /// Less than any version takes.
  private static let short = SwitchMemory(available: { 1_000_000 })

  /// A node that serves the first version and holds the second.
  private func node(_ memory: SwitchMemory? = nil, siblings: [NodeName] = [sibling]) async throws -> TestNode {
    let node = try await TestNode(siblings: siblings, memory: memory)
    try await first.push(to: node.agent)
    _ = try await node.agent.execute(.activate(first.version, digest: first.digest))
    try await second.push(to: node.agent)
    return node
  }

  /// What engines were told, in words.
  private func told(_ node: TestNode) -> [String] {
    node.engines.started.flatMap(\.commands).compactMap { command in
      switch command {
      case .activate(let version, _, _, _, _, let freesFirst): "\(version.number)\(freesFirst ? " alone" : "")"
      case .handOff(let siblings, let refuses, _): "hand off to \(siblings.count)\(refuses ? ", refuse" : "")"
      case .serve: "serve"
      case .evaluate, .catalog, .cut, .report: nil
      }
    }
  }

  /// As after a console that was killed in the middle of a switch: the next one asks for the same.
  @Test func sameOrderAgainWaitsForTheSameEnd() async throws {
    let node = try await node()
    let (agent, second) = (node.agent, second)
    node.engines.change { $0.delayed = [second.version] }
    async let one = agent.execute(.activate(second.version, digest: second.digest))
    try await eventually("the engine loads it") { told(node).last == "2" }
    async let other = agent.execute(.activate(second.version, digest: second.digest))
    await expectError(
      .conflict,
      saying: "tag-reader@2 is being activated",
      of: agent,
      .activate(first.version, digest: first.digest)
    )
    node.engines.started.last?.release()
    let outcomes = try await [one, other]
    #expect(outcomes[0] == outcomes[1])
    #expect(told(node) == ["serve", "1", "2"])
    await node.stop()
  }

  @Test func enoughMemorySwitchesInPlace() async throws {
    let node = try await node(SwitchMemory(available: { 1e9 }))
    _ = try await node.agent.execute(.activate(second.version, digest: second.digest))
    #expect(told(node) == ["serve", "1", "2"])
    await node.stop()
  }

  @Test func siblingsAnswerWhileMemoryIsShort() async throws {
    let node = try await node(Self.short)
    _ = try await node.agent.execute(.activate(second.version, digest: second.digest))
    #expect(told(node) == ["serve", "1", "hand off to 1", "2 alone", "serve"])
    try await node.frame("serves 2") { $0.models.first?.version == 2 && $0.availability == .serving }
    await node.stop()
  }

  @Test func nobodyToAnswerMeanwhileLeavesItAsItWas() async throws {
    let node = try await node(Self.short)
    node.setSiblings(ready: false)
    await expectError(
      .refused,
      saying: "takes about 17 MB (an estimate), 1 MB are free, and austin-01/b does not serve; free some",
      of: node.agent,
      .activate(second.version, digest: second.digest)
    )
    #expect(told(node) == ["serve", "1"])
    try await node.frame("serves 1") { $0.models.first?.version == 1 && $0.availability == .serving }
    await node.stop()
  }

  @Test func versionThatFailsAloneBringsTheOldOneBack() async throws {
    let node = try await node(Self.short)
    node.engines.change { $0.unloadable[second.version] = "not a model" }
    await expectError(
      .unusable,
      saying: "not a model",
      of: node.agent,
      .activate(second.version, digest: second.digest)
    )
    #expect(told(node) == ["serve", "1", "hand off to 1", "2 alone", "1", "serve"])
    try await node.frame("serves 1") { $0.models.first?.version == 1 && $0.engine.state == .serving }
    await node.stop()
  }

  /// What requests the switch would hand on are handed on already.
  @Test func drainedNodeStaysSo() async throws {
    let node = try await node(Self.short)
    _ = try await node.agent.execute(.drain(DrainOrder(reason: "new fan", orderedBy: "ops")))
    _ = try await node.agent.execute(.activate(second.version, digest: second.digest))
    let orders = told(node)
    #expect(orders.contains("2 alone") && orders.filter { $0 == "serve" }.count == 1, "\(orders)")
    try await node.frame("drained") { $0.models.first?.version == 2 && $0.availability == .drained }
    await node.stop()
  }

  @Test func memoryIsWhatTheGroupLeaves() throws {
    let folder = try TemporaryFolder()
    let files = try SystemFiles(sysfs: folder.group(max: "100000000", current: "90000000", inactive: "5000000"))
    let memory = SwitchMemory(files)
    #expect(memory.shortage(for: first.version, bytes: 1000)?.contains("15 MB are free") == true)
    #expect(SwitchMemory(SystemFiles(root: folder.path)).shortage(for: first.version, bytes: 1 << 50) == nil, "unknown")
    let unlimited = try SystemFiles(sysfs: folder.group(max: "max", current: "90000000", inactive: "0"))
    #expect(SwitchMemory(unlimited).shortage(for: first.version, bytes: 1000) == nil)
  }
}

extension TemporaryFolder {
  /// A folder that stands for /sys, with a control group in it.
  fileprivate func group(max: String, current: String, inactive: String) throws -> String {
    let sysfs = "\(path)/sys-\(max)"
    let group = "\(sysfs)/fs/cgroup"
    try FileManager.default.createDirectory(atPath: group, withIntermediateDirectories: true)
    try Data(max.utf8).write(to: URL(filePath: "\(group)/memory.max"))
    try Data(current.utf8).write(to: URL(filePath: "\(group)/memory.current"))
    try Data("anon 1\ninactive_file \(inactive)\n".utf8).write(to: URL(filePath: "\(group)/memory.stat"))
    return sysfs
  }
}
