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
  let agent: LocalAgent
  private let parts: AgentParts
  private let nodeCredentials: Credentials
  private let operatorCredentials: Credentials

  init() async throws {
    folder = try TemporaryFolder()
    let authority = try CertificateAuthority.create(fleet: "acme", in: folder.path("ca"))
    func credentials(_ issued: IssuedCertificate) throws -> Credentials {
      try Credentials(
        authorityFile: authority.certificatePath,
        certificateFile: issued.certificatePath,
        keyFile: issued.keyPath
      )
    }
    nodeCredentials = try credentials(authority.issueNode(Self.node, from: Date(), validity: 86_400, replacing: true))
    operatorCredentials = try credentials(
      authority.issueOperator("ops", from: Date(), validity: 86_400, replacing: true)
    )
    parts = try await AgentParts.open(
      AgentConfiguration(node: Self.node, stateDirectory: folder.path("state")),
      version: "test",
      log: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
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
    try RemoteAgent(name: Self.node, address: address, credentials: operatorCredentials)
  }

  /// A version on the operator's disk.
  func model(_ number: Int, _ contents: [String: [UInt8]]) throws -> LocalModel {
    let version = TestVersion(ModelVersion(name: "tag-reader", number: number), contents: contents)
    let place = folder.path("library/\(number)")
    try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
    for (path, bytes) in contents { try Data(bytes).write(to: URL(fileURLWithPath: "\(place)/\(path)")) }
    return LocalModel(manifest: version.manifest, folder: place)
  }
}
