import FleetAuthority
import FleetCore
import FleetTestSupport
import Foundation
import Testing

@testable import FleetWire

/// Who may call whom, and the words for everybody else.
@Suite struct CertificateTests {
  private let austin = TestFleet.austin
  private let denver = TestFleet.denver

  @Test func `A server of another authority is not believed`() async throws {
    let fleet = try TestFleet()
    let foreign = try TestFleet("other")
    try await expectDenied(
      server: foreign.node(),
      client: fleet.operator(),
      "austin-01/a at ADDRESS showed a certificate signed by 'CN=fleet authority,O=other', not by the authority of fleet "
        + "'acme'; install one from 'fleet ca issue' on the node, or use the authority that issued it"
    )
  }

  @Test func `A server that signed for itself is not believed`() async throws {
    let fleet = try TestFleet()
    let files = fleet.folder.path("self")
    try run(
      "openssl",
      "req",
      "-x509",
      "-newkey",
      "ec",
      "-pkeyopt",
      "ec_paramgen_curve:prime256v1",
      "-nodes",
      "-subj",
      "/CN=austin",
      "-addext",
      "subjectAltName=URI:fleet://acme/node/austin-01/a",
      "-keyout",
      "\(files).key",
      "-out",
      "\(files).pem"
    )
    let own = try Credentials(authorityFile: "\(files).pem", certificateFile: "\(files).pem", keyFile: "\(files).key")
    try await expectDenied(
      server: own,
      client: fleet.operator(),
      "austin-01/a at ADDRESS showed a certificate signed by itself, not by the authority of fleet 'acme'; "
        + "install one from 'fleet ca issue' on the node, or use the authority that issued it"
    )
  }

  @Test func `A server whose certificate expired is not believed`() async throws {
    let fleet = try TestFleet()
    let start = Date(timeIntervalSince1970: 1_750_000_000)
    try await expectDenied(
      server: fleet.node(from: start, validity: 86_400),
      client: fleet.operator(),
      "austin-01/a at ADDRESS showed a certificate that expired on 2025-06-16; "
        + "issue another one with 'fleet ca issue' and restart its agent"
    )
  }

  @Test func `A server whose certificate is not valid yet is not believed`() async throws {
    let fleet = try TestFleet()
    let start = Date(timeIntervalSince1970: 2_000_000_000)
    try await expectDenied(
      server: fleet.node(from: start),
      client: fleet.operator(),
      "austin-01/a at ADDRESS showed a certificate that is valid from 2033-05-18 on; check the clock of this machine"
    )
  }

  @Test func `Another node at the address is not believed`() async throws {
    let fleet = try TestFleet()
    try await expectDenied(
      server: fleet.node(denver),
      client: fleet.operator(),
      "austin-01/a at ADDRESS showed a certificate for 'denver-02/b'"
    )
  }

  @Test func `A caller of another authority is not let in`() async throws {
    let fleet = try TestFleet()
    let caller = Credentials(try TestFleet().operator(), trusting: try fleet.operator())
    try await expectDenied(
      server: fleet.node(),
      client: caller,
      "austin-01/a at ADDRESS does not accept our certificate, that of operator ops, because another authority issued it; "
        + "use one of the node's own fleet"
    )
  }

  @Test func `A caller whose certificate expired is not let in`() async throws {
    let fleet = try TestFleet()
    let caller = try fleet.operator(from: Date(timeIntervalSince1970: 1_750_000_000), validity: 86_400)
    try await expectDenied(
      server: fleet.node(),
      client: caller,
      "austin-01/a at ADDRESS does not accept our certificate, that of operator ops, because it expired on 2025-06-16; "
        + "issue another one with 'fleet ca issue'"
    )
  }

  @Test func `A node must not operate another node`() async throws {
    let fleet = try TestFleet()
    try await expectDenied(
      server: fleet.node(),
      client: fleet.node(denver),
      "austin-01/a takes orders from operators, and the caller's certificate is that of node denver-02/b; "
        + "use one from 'fleet ca issue --operator NAME'"
    )
  }

  @Test func `A caller without a certificate gets nothing`() async throws {
    let fleet = try TestFleet()
    try await withServer(of: SimulatedAgent(name: austin), fleet.node()) { address in
      let said = try run(
        "openssl",
        "s_client",
        "-ign_eof",
        "-connect",
        address,
        "-alpn",
        "h2",
        "-CAfile",
        fleet.authority.certificatePath,
        expecting: 1,
        input: "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
      )
      #expect(said.contains("certificate required"), "\(said)")
    }
  }

  @Test func `A caller without TLS gets nothing`() async throws {
    let fleet = try TestFleet()
    try await withServer(of: SimulatedAgent(name: austin), fleet.node()) { address in
      let said = try run(
        "curl",
        "-sS",
        "--http2-prior-knowledge",
        "--max-time",
        "5",
        "http://\(address)/",
        expecting: nil
      )
      #expect(!said.contains("grpc"), "\(said)")
    }
  }

  @Test func `An agent is not served under another node's name`() throws {
    let fleet = try TestFleet()
    let error = #expect(throws: CommandError.self) {
      try AgentServer(agent: SimulatedAgent(name: austin), address: "127.0.0.1:0", credentials: fleet.node(denver))
    }
    let words =
      "the agent of austin-01/a was given the certificate of node denver-02/b; "
      + "'fleet ca issue --node austin-01/a' issues its own"
    #expect(error == CommandError(.invalid, words))
  }

  @Test func `Everything wrong with credentials is said at once`() throws {
    let fleet = try TestFleet()
    let (own, other) = (try fleet.authority.issueOperator("ops"), try TestFleet("other"))
    let missing = fleet.folder.path("missing.pem")
    try Data("no key".utf8).write(to: URL(fileURLWithPath: fleet.folder.path("bad.key")))
    let bad = fleet.folder.path("bad.key")
    try expectWords("'\(missing)' does not exist\n'\(bad)' is not a private key in PEM form") {
      try Credentials(authorityFile: missing, certificateFile: own.certificatePath, keyFile: bad)
    }
    let foreign = try other.authority.issueOperator("ops")
    try expectWords(
      "'\(foreign.keyPath)' is not the key of '\(own.certificatePath)'\n'\(own.certificatePath)' was not issued by "
        + "the authority in '\(other.authority.certificatePath)'; 'fleet ca issue' issues one"
    ) {
      try Credentials(
        authorityFile: other.authority.certificatePath,
        certificateFile: own.certificatePath,
        keyFile: foreign.keyPath
      )
    }
    let authority = fleet.authority.certificatePath
    try expectWords(
      "'\(authority)' names neither a node nor an operator; 'fleet ca issue' issues one that does"
    ) {
      try Credentials(authorityFile: authority, certificateFile: authority, keyFile: fleet.folder.path("ca/ca.key"))
    }
  }

  // MARK: Steps

  /// Calls `austin`, which `server` claims to be, twice: a refusal must not turn vague the second time.
  private func expectDenied(
    server: Credentials,
    client: Credentials,
    _ words: String,
    sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    guard case .node(let name) = server.name.holder else { return }
    let austin = austin
    try await withServer(of: SimulatedAgent(name: name), server) { address in
      let agent = try RemoteAgent(name: austin, address: address, credentials: client)
      let expected = CommandError(.denied, words.replacing("ADDRESS", with: address))
      for _ in 1...2 {
        let error = await #expect(throws: CommandError.self, sourceLocation: sourceLocation) {
          try await within(.seconds(5), "a refusal") { try await agent.describe() }
        }
        #expect(error == expected, sourceLocation: sourceLocation)
      }
      let error = await #expect(throws: CommandError.self, sourceLocation: sourceLocation) {
        try await within(.seconds(5), "a refusal") { for try await _ in agent.frames(FrameRequest()) {} }
      }
      #expect(error == expected, sourceLocation: sourceLocation)
    }
  }

  private func expectWords(
    _ words: String,
    sourceLocation: SourceLocation = #_sourceLocation,
    _ body: () throws -> Credentials
  ) throws {
    let error = #expect(throws: CommandError.self, sourceLocation: sourceLocation) { try body() }
    #expect(error == CommandError(.invalid, words), sourceLocation: sourceLocation)
  }
}

/// Runs a program and gives what it said; `expecting` nil allows any status.
@discardableResult
func run(_ arguments: String..., expecting status: Int32? = 0, input: String = "") throws -> String {
  let process = Process()
  process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
  process.arguments = arguments
  let (output, standardInput) = (Pipe(), Pipe())
  process.standardOutput = output
  process.standardError = output
  process.standardInput = standardInput
  try process.run()
  try standardInput.fileHandleForWriting.write(contentsOf: Data(input.utf8))
  try standardInput.fileHandleForWriting.close()
  let said = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
  process.waitUntilExit()
  if let status { #expect(process.terminationStatus == status, "\(said)") }
  return said
}
