import FleetAuthority
import FleetCore
import FleetWire
import Foundation

/// All nodes of a simulated fleet, ready to be run, with the files by which every command finds them.
struct SimulatedFleet: Sendable {
  let settings: SimulationSettings
  let definition: FleetDefinition
  let boxes: [SimulatedBox]
  let fleetFile: String
  let credentials: CredentialFiles

  /// Frames of the past that all agents together keep: each is a few KB.
  private static let historyFrames = 24_000

  /// Writes the fleet's file and its certificates into `folder`. `model` is what every box serves from the start; `base` gives
  /// everything else that a fleet's file says.
  static func prepare(
    _ settings: SimulationSettings,
    base: FleetDefinition,
    model: ModelManifest,
    in folder: DemoFolder
  ) async throws -> SimulatedFleet {
    let plan = SimulationPlan(settings)
    let addresses = try SimulatedPorts.take(settings.nodes).map { "127.0.0.1:\($0)" }
    let addressOf = Dictionary(uniqueKeysWithValues: zip(plan.boxes.map(\.name), addresses))
    var definition = base
    definition.isSimulated = true
    definition.stores = plan.stores.map { store in
      FleetDefinition.Store(
        name: store.name,
        labels: store.labels,
        timezone: "UTC",
        nodes: store.boxes.map { box in
          let labels = store.labels.merging(["device": box.profile.device.rawValue]) { $1 }
          return FleetDefinition.Node(name: box.name, address: addressOf[box.name] ?? "", labels: labels)
        }
      )
    }
    // What the file asks of stores that are not simulated, nobody can do.
    for index in definition.models.indices {
      let queries = definition.models[index].desired.map { [$0.to] + [$0.canary?.to].compactMap(\.self) } ?? []
      let isMeant = queries.allSatisfy { definition.nodes.contains(where: $0.matches) }
      if !isMeant { definition.models[index].desired = nil }
    }
    try FleetFileText.text(definition).write(to: folder.fleetFile, atomically: true, encoding: .utf8)
    let certificates = folder.certificates.path(percentEncoded: false)
    let authority = try CertificateAuthority.create(fleet: definition.name, in: certificates)
    let person = try authority.issueOperator("demo")
    let texts = try authority.issueSimulatedNodes(plan.boxes.map(\.name))
    let certificateOf = Dictionary(uniqueKeysWithValues: zip(plan.boxes.map(\.name), texts))
    let history = min(120, max(12, historyFrames / settings.nodes))
    let start = Date().timeIntervalSince1970
    var boxes: [SimulatedBox] = []
    for store in plan.stores {
      let simulation = StoreSimulation(
        store,
        settings: settings,
        slo: definition.slo,
        health: definition.health,
        autoDrain: definition.autoDrain,
        start: start
      )
      let shared = SimulatedStore(simulation, lineBytesPerSecond: settings.lineBytesPerSecond)
      for box in store.boxes {
        guard let certificate = certificateOf[box.name], let address = addressOf[box.name] else { continue }
        let agent = SimulatedAgent(
          name: box.name,
          siblings: store.boxes.map(\.name).filter { $0 != box.name },
          history: history,
          onTick: { shared.tick(&$0) }
        )
        try await agent.install(model)
        boxes.append(
          SimulatedBox(
            box,
            agent: agent,
            store: shared,
            address: address,
            credentials: try Credentials(
              authority: certificate.authority,
              certificate: certificate.certificate,
              key: certificate.key
            )
          )
        )
      }
    }
    return SimulatedFleet(
      settings: settings,
      definition: definition,
      boxes: boxes,
      fleetFile: folder.fleetFile.path(percentEncoded: false),
      credentials: CredentialFiles(
        authority: authority.certificatePath,
        certificate: person.certificatePath,
        key: person.keyPath
      )
    )
  }

  /// Serves every node until the task is cancelled.
  func run() async {
    await withDiscardingTaskGroup { group in
      for box in boxes { group.addTask { await box.run() } }
    }
  }
}

/// Ports for the nodes, below those that systems give to outgoing connections: a node that comes back finds its own free.
enum SimulatedPorts {
  private static let range = 20_001...32_000

  static func take(_ count: Int) throws -> [Int] {
    let ports = Array(range.lazy.filter { FreePort.isFree($0) }.prefix(count))
    guard ports.count == count else {
      throw DemoError("only \(ports.count) of \(count) ports from \(range.lowerBound) to \(range.upperBound) are free")
    }
    return ports
  }
}
