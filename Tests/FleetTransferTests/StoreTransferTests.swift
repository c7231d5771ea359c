import FleetAgent
import FleetAuthority
import FleetCore
import FleetTestSupport
import FleetTransfer
import FleetWire
import Foundation
import Synchronization
import Testing

@testable import FleetConsole

/// A store whose nodes give each other what came to the first of them.
@Suite(.serialized) struct StoreTransferTests {
  /// The nodes of one store behind their servers, each with a line of its own that counts what comes to it.
  private struct Store: Sendable {
    var links: [TestLink]
    var lines: [BreakingLine]
    var addresses: [String] = []

    var carried: Int { lines.reduce(0) { $0 + $1.carried } }

    func remotes() throws -> [RemoteAgent] { try zip(links, addresses).map { try $0.remote(at: $1) } }
  }

  @Test func aStoreOfFiveCostsOneCopy() async throws {
    var random = SeededRandom()
    let bytes = [[UInt8]](repeating: random.bytes(1 << 20), count: 4).flatMap { $0 }
    try await Self.withStore(["a", "b", "c", "d", "e"]) { store in
      let model = try store.links[0].model(1, ["model.onnx": bytes, "labels.txt": Array("a b c".utf8)])
      let nodes = try store.remotes()
      var deliveries: [Delivery] = []
      for (index, node) in nodes.enumerated() {
        let siblings = Array(nodes[..<index].suffix(2))
        deliveries.append(try await Self.bring(model, to: node, siblings))
      }
      let total = model.manifest.totalBytes
      #expect(deliveries.map(\.sentBytes) == [total, 0, 0, 0, 0])
      #expect(deliveries[4].siblings == [store.links[2].name])
      #expect(deliveries[4].text == "from austin-01/c: nothing of 4.2 MB over the line")
      let copies = Double(store.carried) / Double(total)
      print("five nodes: \(copies) copies over the lines to them, TLS and all calls among it")
      #expect(copies < 1.05)
      for link in store.links { try await Self.expectWhole(model, on: link) }
    }
  }

  /// What the plan says before a byte moves is what comes to pass.
  @Test func thePlanTellsHowItComes() async throws {
    var weights = Weights(SeededRandom())
    let old = weights.trained(2 << 20)
    let new = weights.lastLayerReplaced(old)
    try await Self.withStore(["a", "b", "c"]) { store in
      let first = try store.links[0].model(1, ["model.onnx": old])
      let second = try store.links[0].model(2, ["model.onnx": new])
      let nodes = try store.remotes()
      for node in nodes { try await Self.bring(first, to: node, []) }
      let plan = RolloutPlan(
        id: "plan",
        version: second.version,
        digest: second.manifest.digest,
        nodes: nodes.map(\.name),
        strategy: RolloutStrategy(),
        orderedBy: "kim"
      )
      let preflight = await Preflight(
        plan,
        model: second,
        agents: AgentDirectory(nodes),
        limit: .milliseconds(500)
      )
      #expect(preflight.ways.map(\.method) == [.delta, .sibling] && preflight.ways.map(\.nodes) == [1, 2])
      #expect(preflight.bytes == preflight.ways[0].bytes && preflight.bytes * 10 < second.manifest.totalBytes)
      let text = preflight.text
      #expect(text.contains("  1 node delta of @1: ") && text.contains(" of 2.1 MB\n"), "\(text)")
      #expect(text.contains("  2 nodes from a sibling: nothing of 2.1 MB over the line"), "\(text)")
      for node in nodes {
        let held = try await node.describe().repository
        #expect(!held.contains { $0.version == second.version }, "no byte moved")
      }
      var sent: [UInt64] = []
      for (index, node) in nodes.enumerated() {
        sent.append(try await Self.bring(second, to: node, Array(nodes[..<index].suffix(1))).sentBytes)
      }
      #expect(sent == [preflight.bytes, 0, 0])
    }
  }

  @Test func aDeadSiblingIsDoneWithout() async throws {
    var random = SeededRandom()
    let bytes = random.bytes(300_000)
    try await Self.withStore(["a", "b"]) { store in
      let model = try store.links[0].model(1, ["model.onnx": bytes])
      let nodes = try store.remotes()
      try await Self.bring(model, to: nodes[0], [])
      let gone = Moved(nodes[0], address: "127.0.0.1:9")
      let delivery = try await Self.bring(model, to: nodes[1], [gone])
      #expect(delivery.siblings == [] && delivery.sentBytes == model.manifest.totalBytes)
      #expect(delivery.fallbacks.count == 1)
      #expect(delivery.fallbacks[0].hasPrefix("not from austin-01/a: "), "\(delivery.fallbacks)")
      #expect(delivery.fallbacks[0].contains("refuses connections"), "\(delivery.fallbacks)")
      try await Self.expectWhole(model, on: store.links[1])
    }
  }

  @Test func anotherNodeInTheSiblingsPlaceIsNotBelieved() async throws {
    var random = SeededRandom()
    let bytes = random.bytes(300_000)
    try await Self.withStore(["a", "b", "c"]) { store in
      let model = try store.links[0].model(1, ["model.onnx": bytes])
      let nodes = try store.remotes()
      try await Self.bring(model, to: nodes[0], [])
      let delivery = try await Self.bring(model, to: nodes[1], [Moved(nodes[0], address: store.addresses[2])])
      #expect(delivery.siblings == [] && delivery.fallbacks.first?.contains("austin-01/c") == true, "\(delivery)")
      try await Self.expectWhole(model, on: store.links[1])
    }
  }

  @Test func aSiblingThatGivesWrongBytesIsFound() async throws {
    var random = SeededRandom()
    let bytes = random.bytes(600_000)
    let bit = Int.random(in: 0..<bytes.count * 8, using: &random)
    try await Self.withStore(["a", "b"]) { store in
      let model = try store.links[0].model(1, ["model.onnx": bytes])
      let nodes = try store.remotes()
      try await Self.bring(model, to: nodes[0], [])
      var damaged = bytes
      damaged[bit / 8] ^= 1 << (bit % 8)
      try Data(damaged).write(to: URL(fileURLWithPath: store.links[0].place(of: "model.onnx", 1)))
      let delivery = try await Self.bring(model, to: nodes[1], [nodes[0]])
      #expect(delivery.siblings == [] && delivery.sentBytes == model.manifest.totalBytes)
      #expect(delivery.fallbacks.first?.contains("do not match the manifest") == true, "\(delivery.fallbacks)")
      try await Self.expectWhole(model, on: store.links[1])
    }
  }

  @Test func aSiblingThatLostTheVersionIsDoneWithout() async throws {
    var random = SeededRandom()
    let bytes = random.bytes(300_000)
    try await Self.withStore(["a", "b"]) { store in
      let model = try store.links[0].model(1, ["model.onnx": bytes])
      let nodes = try store.remotes()
      let delivery = try await Self.bring(model, to: nodes[1], [nodes[0]])
      #expect(delivery.fallbacks.first?.contains("no complete version") == true, "\(delivery.fallbacks)")
      try await Self.expectWhole(model, on: store.links[1])
    }
  }

  /// What a node's certificate allows: to read versions of nodes of its own store, and nothing else.
  @Test func nodesMayReadOfSiblingsAndNothingElse() async throws {
    let version = TestVersion.tiny(1)
    let elsewhere = NodeName(store: "denver-02", node: "z")
    try await Self.withStore(["a", "b"], and: elsewhere) { store in
      let a = store.links[0]
      let part = FilePart(digest: version.digest, path: "model.onnx", offset: 100, count: 50)
      try await version.push(to: a.agent)
      let sibling = try a.remote(at: store.addresses[0], as: store.links[1])
      #expect(try await sibling.read(part) == Array(version.contents["model.onnx"]?[100..<150] ?? []))
      let stranger = try a.remote(at: store.addresses[0], as: store.links[2])
      let error = await #expect(throws: CommandError.self) { try await stranger.read(part) }
      #expect(
        error
          == CommandError(.denied, "austin-01/a gives files to nodes of austin-01 alone, and the caller is denver-02/z")
      )
      let orders: [Command] = [
        .stage(version.manifest), .activate(version.version, digest: version.digest), .rollback(model: "tag-reader"),
        .drain(DrainOrder(reason: "x", orderedBy: "b")), .undrain(orderedBy: "b"),
      ]
      for order in orders {
        let error = await #expect(throws: CommandError.self) { try await sibling.execute(order) }
        #expect(error?.code == .denied, "\(order)")
      }
      let fetch = FetchOrder(digest: version.digest, sibling: store.links[1].name, address: store.addresses[1])
      let denied = await #expect(throws: CommandError.self) { try await sibling.fetch(fetch) { _ in } }
      #expect(denied?.code == .denied)
      // And nobody has a node fetch from elsewhere.
      let foreign = FetchOrder(digest: version.digest, sibling: elsewhere, address: store.addresses[2])
      let refused = await #expect(throws: CommandError.self) { try await a.agent.fetch(foreign) { _ in } }
      #expect(refused == CommandError(.invalid, "denver-02/z is no sibling of austin-01/a"))
      for (offset, count) in [(UInt64(2000), 1), (1999, 2), (.max, 1)] {
        let wrong = FilePart(digest: version.digest, path: "model.onnx", offset: offset, count: count)
        let error = await #expect(throws: CommandError.self) { try await a.agent.read(wrong) }
        #expect(error?.code == .invalid)
      }
    }
  }

  // MARK: Steps

  @discardableResult
  private static func bring(
    _ model: LocalModel,
    to agent: any NodeAgent,
    _ siblings: [any NodeAgent]
  ) async throws(CommandError) -> Delivery {
    try await ModelTransfer(model: model, agent: agent, deltas: DeltaLibrary(for: model), siblings: siblings)
      .run { _ in }
  }

  private static func withStore(
    _ nodes: [String],
    and other: NodeName? = nil,
    _ body: @escaping @Sendable (Store) async throws -> Void
  ) async throws {
    let folder = try TemporaryFolder()
    let authority = try CertificateAuthority.create(fleet: "acme", in: folder.path("ca"))
    let names = nodes.map { NodeName(store: "austin-01", node: $0) } + [other].compactMap(\.self)
    var links: [TestLink] = []
    for name in names { links.append(try await TestLink(name, of: authority, in: folder)) }
    try await serve(Store(links: links, lines: links.map { _ in BreakingLine() }), body)
  }

  /// One after the other, the rest within.
  private static func serve(_ store: Store, _ body: @escaping @Sendable (Store) async throws -> Void) async throws {
    let next = store.addresses.count
    guard next < store.links.count else { return try await body(store) }
    try await store.links[next].serving { server in
      try await store.lines[next].run(to: server) { address in
        var store = store
        store.addresses.append(address)
        try await serve(store, body)
      }
    }
  }

  private static func expectWhole(_ model: LocalModel, on link: TestLink) async throws {
    #expect(try await link.agent.describe().repository.contains { $0.digest == model.manifest.digest })
    for file in model.manifest.files {
      let bytes = try Data(contentsOf: URL(fileURLWithPath: link.place(of: file.path, model.version.number)))
      #expect(SHA256Text.hash(Array(bytes)) == file.sha256, "\(file.path) on \(link.name)")
    }
  }
}

/// A node that is said to be elsewhere.
private struct Moved: NodeAgent {
  let agent: any NodeAgent
  let address: String

  init(_ agent: any NodeAgent, address: String) {
    self.agent = agent
    self.address = address
  }

  var name: NodeName { agent.name }
  var siblingAddress: String? { address }

  func describe() async throws(CommandError) -> NodeDescription { try await agent.describe() }
  func frames(_ request: FrameRequest) -> AsyncThrowingStream<Frame, any Error> { agent.frames(request) }
  func execute(_ command: Command) async throws(CommandError) -> Outcome { try await agent.execute(command) }
}
