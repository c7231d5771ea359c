import FleetAuthority
import FleetCore
import FleetTestSupport
import Foundation
import Testing

@Suite struct CertificateAuthorityTests {
  private let node = NodeName(store: "austin-01", node: "a")

  @Test func `OpenSSL verifies what the authority issues`() throws {
    let folder = try TemporaryFolder()
    let authority = try CertificateAuthority.create(fleet: "acme", in: folder.path("ca"))
    let node = try authority.issueNode(node)
    let person = try authority.issueOperator("ops")

    let ca = authority.certificatePath
    #expect(
      try openssl("verify", "-x509_strict", "-CAfile", ca, "-purpose", "sslserver", node.certificatePath).status == 0
    )
    #expect(
      try openssl("verify", "-x509_strict", "-CAfile", ca, "-purpose", "sslclient", person.certificatePath).status == 0
    )
    let asServer = try openssl("verify", "-CAfile", ca, "-purpose", "sslserver", person.certificatePath)
    #expect(asServer.status != 0, "an operator's certificate does not make a server")
    let other = try CertificateAuthority.create(fleet: "acme", in: folder.path("other"))
    #expect(try openssl("verify", "-CAfile", other.certificatePath, node.certificatePath).status != 0)

    let text = try openssl("x509", "-in", node.certificatePath, "-noout", "-text").output
    #expect(text.contains("URI:fleet://acme/node/austin-01/a"))
    #expect(text.contains("prime256v1") && text.contains("ecdsa-with-SHA256") && text.contains("CA:FALSE"))
    let years = try openssl("x509", "-in", ca, "-noout", "-checkend", "\(Int(9.9 * 365 * 86_400))")
    #expect(years.status == 0, "an authority is valid for 10 years")
    let year = try openssl("x509", "-in", node.certificatePath, "-noout", "-checkend", "\(366 * 86_400)")
    #expect(year.status != 0, "a certificate is valid for a year")
  }

  @Test func `Keys are readable by their owner alone`() throws {
    let folder = try TemporaryFolder()
    let authority = try CertificateAuthority.create(fleet: "acme", in: folder.path("ca"))
    let issued = try authority.issueNode(node)
    for key in [folder.path("ca/ca.key"), issued.keyPath] {
      let mode = try FileManager.default.attributesOfItem(atPath: key)[.posixPermissions] as? Int
      #expect(mode == 0o600, "\(key)")
    }
  }

  @Test func `An authority is never overwritten, an issued certificate only when told to`() throws {
    let folder = try TemporaryFolder()
    let path = folder.path("ca")
    let authority = try CertificateAuthority.create(fleet: "acme", in: path)
    let before = try Data(contentsOf: URL(fileURLWithPath: authority.certificatePath))
    try expect(.conflict, "holds an authority already ('ca.pem')") {
      try CertificateAuthority.create(fleet: "acme", in: path)
    }
    #expect(try Data(contentsOf: URL(fileURLWithPath: authority.certificatePath)) == before)
    try FileManager.default.removeItem(atPath: authority.certificatePath)
    try expect(.conflict, "('ca.key')") { try CertificateAuthority.create(fleet: "acme", in: path) }

    let issued = try authority.issueNode(node)
    try expect(.conflict, "node austin-01/a has a certificate already") { try authority.issueNode(node) }
    let first = try Data(contentsOf: URL(fileURLWithPath: issued.certificatePath))
    _ = try authority.issueNode(node, replacing: true)
    #expect(try Data(contentsOf: URL(fileURLWithPath: issued.certificatePath)) != first)
  }

  @Test func `An authority is opened again and goes on issuing`() throws {
    let folder = try TemporaryFolder()
    _ = try CertificateAuthority.create(fleet: "acme", in: folder.path("ca"))
    let authority = try CertificateAuthority(opening: folder.path("ca"))
    #expect(authority.fleet == "acme")
    let issued = try authority.issueOperator("ops")
    #expect(issued.name.uri == "fleet://acme/operator/ops")
    #expect(try openssl("verify", "-CAfile", authority.certificatePath, issued.certificatePath).status == 0)
  }

  @Test func `What is wrong with an authority is said in words`() throws {
    let folder = try TemporaryFolder()
    try expect(.notFound, "holds no authority ('ca.pem' is missing); 'fleet ca create' makes one") {
      try CertificateAuthority(opening: folder.path)
    }
    let path = folder.path("ca")
    let authority = try CertificateAuthority.create(fleet: "acme", in: path)
    let other = try CertificateAuthority.create(fleet: "other", in: folder.path("other"))
    try FileManager.default.removeItem(atPath: "\(path)/ca.key")
    try expect(.failed, "ca.key' cannot be read") { try CertificateAuthority(opening: path) }
    try FileManager.default.copyItem(atPath: folder.path("other/ca.key"), toPath: "\(path)/ca.key")
    try expect(.invalid, "ca.key' is not the key of") { try CertificateAuthority(opening: path) }
    try Data("nonsense".utf8).write(to: URL(fileURLWithPath: authority.certificatePath))
    try expect(.invalid, "ca.pem' is not a certificate in PEM form") { try CertificateAuthority(opening: path) }

    try expect(.invalid, "'../a' cannot be a node's name") { try other.issueNode(NodeName(store: "..", node: "a")) }
    try expect(.invalid, "'a b' cannot be an operator's name") { try other.issueOperator("a b") }
    try expect(.invalid, "'a/b' cannot be a fleet's name") {
      try CertificateAuthority.create(fleet: "a/b", in: folder.path("third"))
    }
  }

  @Test func `A leaf never outlives its authority`() throws {
    let folder = try TemporaryFolder()
    let authority = try CertificateAuthority.create(fleet: "acme", in: folder.path("ca"), validity: 3600)
    let issued = try authority.issueNode(node)
    #expect(try openssl("x509", "-in", issued.certificatePath, "-noout", "-checkend", "3700").status != 0)
    let past = Date(timeIntervalSinceNow: -7200)
    let expired = try CertificateAuthority.create(fleet: "acme", in: folder.path("old"), from: past, validity: 3600)
    try expect(.invalid, "has expired") { try expired.issueNode(node) }
  }

  private func expect<Value>(
    _ code: CommandError.Code,
    _ words: String,
    sourceLocation: SourceLocation = #_sourceLocation,
    _ body: () throws -> Value
  ) throws {
    do {
      _ = try body()
      Issue.record("expected '\(words)'", sourceLocation: sourceLocation)
    } catch let error as CommandError {
      #expect(error.code == code, sourceLocation: sourceLocation)
      #expect(error.message.contains(words), "\(error.message)", sourceLocation: sourceLocation)
    }
  }

  private func openssl(_ arguments: String...) throws -> (status: Int32, output: String) {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["openssl"] + arguments
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = pipe
    try process.run()
    let output = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return (process.terminationStatus, String(decoding: output, as: UTF8.self))
  }
}
