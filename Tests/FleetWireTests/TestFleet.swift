import FleetAuthority
import FleetCore
import FleetTestSupport
import FleetWire
import Foundation

/// A fleet's authority with what a test needs from it, in a folder of its own.
struct TestFleet {
  static let austin = NodeName(store: "austin-01", node: "a")
  static let denver = NodeName(store: "denver-02", node: "b")

  let folder: TemporaryFolder
  let authority: CertificateAuthority

  init(_ name: String = "acme") throws {
    folder = try TemporaryFolder()
    authority = try CertificateAuthority.create(fleet: name, in: folder.path("ca"))
  }

  func node(_ name: NodeName = austin, from start: Date = Date(), validity: TimeInterval = 86_400) throws -> Credentials
  {
    try credentials(authority.issueNode(name, from: start, validity: validity, replacing: true))
  }

  func `operator`(from start: Date = Date(), validity: TimeInterval = 86_400) throws -> Credentials {
    try credentials(authority.issueOperator("ops", from: start, validity: validity, replacing: true))
  }

  /// `trusting` another authority than the one that issued it.
  func credentials(_ issued: IssuedCertificate, trusting other: CertificateAuthority? = nil) throws -> Credentials {
    try Credentials(
      authorityFile: (other ?? authority).certificatePath,
      certificateFile: issued.certificatePath,
      keyFile: issued.keyPath
    )
  }
}

/// Runs a server of `agent` on a free port of this machine while `body` runs.
func withServer<Value: Sendable>(
  of agent: some NodeAgent,
  _ credentials: Credentials,
  address: String = "127.0.0.1:0",
  _ body: @escaping @Sendable (_ address: String) async throws -> Value
) async throws -> Value {
  let server = try AgentServer(agent: agent, address: address, credentials: credentials)
  return try await withThrowingTaskGroup(of: Value?.self) { group in
    group.addTask {
      try await server.run()
      return nil
    }
    let bound = try await server.boundAddress
    let value = try await body(bound)
    server.shutdown()
    try await group.waitForAll()
    return value
  }
}
