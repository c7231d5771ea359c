import FleetAgent
import FleetAuthority
import FleetConsole
import FleetCore
import FleetTestSupport
import FleetTransfer
import FleetWire
import Foundation
import Logging

/// A node's agent behind its real server, over TLS, with a model repository on disk and no engine.
struct TestLink {
  static let node = NodeName(store: "austin-01", node: "a")

  private struct NoEngine: EngineSpawner {
    func spawn() async throws -> any RunningEngine { throw CommandError(.failed, "no engine in this test") }
  }

  let folder: TemporaryFolder
  let name: NodeName
  let agent: LocalAgent
  private let parts: AgentParts
  private let nodeCredentials: Credentials
  private let operatorCredentials: Credentials

  init() async throws {
    let folder = try TemporaryFolder()
    try await self.init(Self.node, of: CertificateAuthority.create(fleet: "acme", in: folder.path("ca")), in: folder)
  }

  /// One of several nodes with one authority.
  init(_ name: NodeName, of authority: CertificateAuthority, in folder: TemporaryFolder) async throws {
    self.folder = folder
    self.name = name
    func credentials(_ issued: IssuedCertificate) throws -> Credentials {
      try Credentials(
        authorityFile: authority.certificatePath,
        certificateFile: issued.certificatePath,
        keyFile: issued.keyPath
      )
    }
    nodeCredentials = try credentials(authority.issueNode(name, from: Date(), validity: 86_400, replacing: true))
    operatorCredentials = try credentials(
      authority.issueOperator("ops", from: Date(), validity: 86_400, replacing: true)
    )
    parts = try await AgentParts.open(
      AgentConfiguration(node: name, stateDirectory: folder.path("state-\(name.node)")),
      version: "test",
      log: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }),
      credentials: nodeCredentials
    ) { _ in NoEngine() }
    agent = parts.agent
  }

  /// Serves while `body` runs.
  func serving<Value: Sendable>(_ body: @escaping @Sendable (_ address: String) async throws -> Value) async throws
    -> Value
  {
    let server = try AgentServer(agent: agent, address: "127.0.0.1:0", credentials: nodeCredentials)
    return try await withThrowingTaskGroup(of: Value?.self) { group in
      group.addTask {
        try await server.run()
        return nil
      }
      let address = try await server.boundAddress
      let value: Value
      do { value = try await body(address) } catch {
        server.shutdown()
        throw error
      }
      server.shutdown()
      try await group.waitForAll()
      return value
    }
  }

  func remote(at address: String) throws -> RemoteAgent {
    try RemoteAgent(name: name, address: address, credentials: operatorCredentials)
  }

  /// As a node of the fleet calls this one.
  func remote(at address: String, as other: TestLink) throws -> RemoteAgent {
    try RemoteAgent(name: name, address: address, credentials: other.nodeCredentials)
  }

  /// Where a file of a complete version lies on this node's disk.
  func place(of path: String, _ number: Int) -> String {
    folder.path("state-\(name.node)/repository/models/tag-reader/\(number)/\(path)")
  }

  /// A version on the operator's disk.
  func model(_ number: Int, _ contents: [String: [UInt8]]) throws -> LocalModel {
    let version = TestVersion(ModelVersion(name: "tag-reader", number: number), contents: contents)
    let place = folder.path("library/\(number)")
    try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
    for (path, bytes) in contents { try Data(bytes).write(to: URL(fileURLWithPath: "\(place)/\(path)")) }
    let manifest = URL(fileURLWithPath: "\(place)/\(ModelManifest.fileName)")
    try Data(version.manifest.canonicalBytes).write(to: manifest)
    return LocalModel(manifest: version.manifest, folder: place)
  }
}
