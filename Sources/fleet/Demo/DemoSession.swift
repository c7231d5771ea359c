import FleetAuthority
import FleetConsole
import FleetCore
import Foundation
import NIOCore
import NIOPosix

/// One run of the demo: brings the fleet up, lets the shoppers in, and shows it until somebody ends it.
struct DemoSession {
  let demo: DemoFleet
  let model: LocalModel
  let images: DigitImages
  /// Requests per second of all shoppers together.
  let rate: Double

  func run(headless: Bool, themes: [Theme], signals: StopSignals) async throws {
    let fleet = demo.plan.fleet
    let credentials = CredentialFiles(
      authority: demo.authorityPath,
      certificate: demo.operatorCertificate.certificatePath,
      key: demo.operatorCertificate.keyPath
    )
    if !headless { Complaint.print("Starting \(fleet.nodes.count) nodes in \(fleet.stores.count) stores ...") }
    try await Connections.with(fleet.nodes, credentials: credentials, fleet: fleet) { agents in
      let isUp = try await raced(against: signals) {
        try await DemoStart.bringUp(demo, agents: agents, model: model)
      }
      guard isUp else { return }
      let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
      let shoppers = Shoppers(
        stores: stores,
        model: model.version.name,
        images: images,
        rate: rate,
        group: group
      )
      let shopping = Task { await shoppers.run() }
      defer { shopping.cancel() }
      if headless {
        _ = try await raced(against: signals) {
          try await printReport(agents: agents, credentials: credentials)
          await signals.wait()
        }
      } else {
        let file = demo.folder.fleetFile.path(percentEncoded: false)
        try await Dashboard.run(
          fleet: fleet,
          agents: agents,
          themes: themes,
          jobs: try JobsOnDisk(ofDemo: file, fleet: fleet),
          alerts: try AlertsOnDisk(ofDemo: file, fleet: fleet),
          signals: signals,
          traffic: { shoppers.ledger.snapshot.summary }
        )
      }
      shopping.cancel()
      await shopping.value
      let counts = shoppers.ledger.snapshot
      print(headless ? try counts.line : counts.sentence)
      try? await group.shutdownGracefully()
    }
  }

  /// Runs `work` unless a signal comes first; false when one did.
  private func raced(against signals: StopSignals, _ work: @escaping @Sendable () async throws -> Void) async throws
    -> Bool
  {
    try await withThrowingTaskGroup(of: Bool.self) { group in
      group.addTask {
        try await work()
        return true
      }
      group.addTask {
        await signals.wait()
        return false
      }
      let first = try await group.next() ?? false
      group.cancelAll()
      return first
    }
  }

  private var stores: [[Shopper.Node]] {
    demo.plan.fleet.stores.map { store in
      demo.plan.nodes.filter { $0.name.store == store.name }.compactMap { node in
        Address.split(node.http).map { Shopper.Node(name: node.name, host: $0.host, port: $0.port) }
      }
    }
  }

  private func printReport(agents: [any NodeAgent], credentials: CredentialFiles) async throws {
    var nodes: [DemoReport.Node] = []
    for node in demo.plan.nodes {
      guard let agent = agents.first(where: { $0.name == node.name }) else { continue }
      nodes.append(
        DemoReport.Node(
          name: node.name.description,
          store: node.name.store,
          agentPID: try await agent.describe().agentPID,
          enginePID: try await enginePID(of: agent),
          control: node.control,
          http: node.http,
          grpc: node.grpc,
          metrics: node.metrics,
          state: demo.folder.node(node.name).path(percentEncoded: false)
        )
      )
    }
    let report = DemoReport(
      fleetFile: demo.folder.fleetFile.path(percentEncoded: false),
      authority: credentials.authority,
      certificate: credentials.certificate,
      key: credentials.key,
      nodes: nodes
    )
    print(try report.line)
    fflush(nil)
  }

  private func enginePID(of agent: any NodeAgent) async throws -> Int32 {
    let end = ContinuousClock.now.advanced(by: .seconds(10))
    for try await frame in agent.frames(FrameRequest(interval: .milliseconds(100))) {
      if let pid = frame.engine.pid { return pid }
      if ContinuousClock.now > end { throw DemoError("\(agent.name): no engine has started; its log tells why") }
    }
    throw DemoError("\(agent.name): its agent stopped sending frames")
  }
}

extension TrafficCounts {
  /// The last line of a demo without a screen.
  var line: String {
    get throws {
      let encoder = JSONEncoder()
      encoder.outputFormatting = .sortedKeys
      return String(decoding: try encoder.encode(["traffic": self]), as: UTF8.self)
    }
  }

  var summary: TrafficSummary {
    TrafficSummary(sent: sent, lost: lost, wrong: wrong, failovers: failovers)
  }

  /// What is left to say when the shops close.
  var sentence: String {
    sent == 0
      ? "No shopper sent anything."
      : "\(sent) requests by shoppers: \(answered) answered, \(lost) lost, \(wrong) wrong; "
        + "\(failovers) taken to a sibling, \(cut) of them after they were cut off."
  }
}
