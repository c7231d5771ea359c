import FleetAuthority
import FleetConsole
import FleetCore
import FleetJournal
import FleetWire
import Foundation

/// The demo's agents, running: real `fleetd` processes with their own certificates, state and logs.
struct DemoFleet: Sendable {
  let folder: DemoFolder
  let plan: DemoPlan
  let authorityPath: String
  let operatorCertificate: IssuedCertificate
  let processes: [AgentProcess]

  /// Power that each demo box is declared to draw, idle and at full load, since most machines that run it have no sensor.
  private static let declaredWatts = (idle: 2.5, full: 12.0)

  /// Makes certificates and configurations and starts the agents; they may not answer yet.
  static func start(plan: DemoPlan, folder: DemoFolder, fleetd: URL) throws -> DemoFleet {
    try FleetFileText.text(plan.fleet).write(to: folder.fleetFile, atomically: true, encoding: .utf8)
    let certificates = folder.certificates.path(percentEncoded: false)
    let authority = try CertificateAuthority.create(fleet: plan.fleet.name, in: certificates)
    let operatorCertificate = try authority.issueOperator("demo")
    var processes: [AgentProcess] = []
    for node in plan.nodes {
      let certificate = try authority.issueNode(node.name)
      let state = folder.node(node.name)
      try FileManager.default.createDirectory(at: state, withIntermediateDirectories: true)
      let configuration = state.appending(path: "fleetd.json")
      let text = try configurationText(node, plan: plan, folder: folder, authority: authority, certificate: certificate)
      try Data(text.utf8).write(to: configuration)
      let process = AgentProcess(
        name: node.name,
        executable: fleetd,
        arguments: ["run", "--config", configuration.path(percentEncoded: false), "--exit-with-stdin"],
        log: state.appending(path: "fleetd.log")
      )
      processes.append(process)
    }
    for process in processes { try process.start() }
    return DemoFleet(
      folder: folder,
      plan: plan,
      authorityPath: authority.certificatePath,
      operatorCertificate: operatorCertificate,
      processes: processes
    )
  }

  /// Ends the jobs, whose nodes are about to go, and then every agent at the same time.
  func stop() async {
    let file = folder.fleetFile.path(percentEncoded: false)
    await JobStarter.stopAll(
      of: JobFleet(name: plan.fleet.name, file: file),
      in: JobFolder.path(fleetFile: file),
      by: "demo",
      note: "the demo has ended"
    )
    await withTaskGroup { group in
      for process in processes {
        group.addTask { await process.stop(deadline: .seconds(4)) }
      }
    }
  }

  private static func configurationText(
    _ node: DemoPlan.Node,
    plan: DemoPlan,
    folder: DemoFolder,
    authority: CertificateAuthority,
    certificate: IssuedCertificate
  ) throws -> String {
    let siblings = plan.nodes.filter { $0.name.store == node.name.store && $0.name != node.name }
    var document: [String: Any] = [
      "node": node.name.description,
      "state": folder.node(node.name).path(percentEncoded: false),
      "control": node.control,
      "http": node.http,
      "grpc": node.grpc,
      "metrics": node.metrics,
      "authority": authority.certificatePath,
      "certificate": certificate.certificatePath,
      "key": certificate.keyPath,
      "siblings": Dictionary(
        uniqueKeysWithValues: siblings.map { ($0.name.description, "\($0.http) control=\($0.control)") }
      ),
      "slo": [
        "p99": Quantity.text(plan.fleet.slo.p99),
        "errors": "\(plan.fleet.slo.errors * 100)%",
        "temperature": "\(plan.fleet.slo.celsius)C",
      ],
      "watts": ["idle": "\(declaredWatts.idle)W", "full": "\(declaredWatts.full)W"],
    ]
    let health = plan.fleet.health.settings
    if !health.isEmpty { document["health"] = Dictionary(uniqueKeysWithValues: health.map { ($0.key, $0.value) }) }
    if plan.fleet.autoDrain != AutoDrainRule() { document["auto_drain"] = plan.fleet.autoDrain.text }
    if let fault = node.fault { document["inject"] = fault }
    let data = try JSONSerialization.data(withJSONObject: document, options: [.prettyPrinted, .sortedKeys])
    return String(decoding: data, as: UTF8.self)
  }
}
