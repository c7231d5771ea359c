import Foundation
import Testing

extension EndToEnd {
  @Test func onlyThisFleetsOperatorsAreServed() async throws {
    let demo = try await Demo(traffic: 0)
    let folder = FileManager.default.temporaryDirectory.appending(path: "fleet-ca-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    let create = try await Program.fleet("ca", "create", "acme", "--certificates", folder.path)
    #expect(create.status == 0, "\(create)")
    let issue = try await Program.fleet("ca", "issue", "--operator", "mallory", "--certificates", folder.path)
    #expect(issue.status == 0, "\(issue)")
    let renewed = try await Program.fleet("ca", "issue", "--operator", "mallory", "--certificates", folder.path)
    #expect(renewed.status == 1 && renewed.errors.contains("--replace"), "nothing is overwritten unasked: \(renewed)")
    let replaced = try await Program.fleet(
      "ca",
      "issue",
      "--operator",
      "mallory",
      "--replace",
      "--certificates",
      folder.path
    )
    #expect(replaced.status == 0, "\(replaced)")
    let foreign = try await demo.fleet("drain", "austin-01/a", "--reason", "x", "--certificates", folder.path)
    #expect(foreign.status != 0 && foreign.errors.contains("authority"), "a foreign authority: \(foreign)")

    let node = try demo.node("austin-01/a")
    let stolen = FileManager.default.temporaryDirectory.appending(path: "fleet-stolen-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: stolen) }
    let operators = stolen.appending(path: "operators")
    try FileManager.default.createDirectory(at: operators, withIntermediateDirectories: true)
    let own = URL(filePath: demo.report.authority).deletingLastPathComponent()
    let manager = FileManager.default
    try manager.copyItem(at: own.appending(path: "ca.pem"), to: stolen.appending(path: "ca.pem"))
    for ending in ["pem", "key"] {
      try manager.copyItem(
        at: own.appending(path: "nodes/austin-01/b.\(ending)"),
        to: operators.appending(path: "b.\(ending)")
      )
    }
    let asNode = try await demo.fleet("drain", "austin-01/a", "--reason", "x", "--certificates", stolen.path)
    #expect(asNode.status == 1, "a node's certificate commands nobody: \(asNode)")
    #expect(asNode.errors.contains("operator"), "\(asNode)")

    // A client that nobody here wrote gets nothing without a certificate.
    let openssl = try await Program.run(
      URL(filePath: "/usr/bin/openssl"),
      ["s_client", "-connect", node.control, "-alpn", "h2", "-CAfile", demo.report.authority, "-brief", "-ign_eof"],
      deadline: .seconds(10)
    )
    #expect((openssl.output + openssl.errors).contains("alert"), "\(openssl)")
    let plain = try await Program.run(
      URL(filePath: "/usr/bin/curl"),
      ["--silent", "--show-error", "--max-time", "5", "http://\(node.control)/"]
    )
    #expect(plain.status != 0, "plain text gets nothing: \(plain)")

    try await demo.expectNode("austin-01/a", within: .seconds(5), "nothing has changed") {
      $0.availability == "serving"
    }
    _ = try await demo.stop()
  }

  /// A node's port for clients speaks mutual TLS too, with nodes of its store.
  @Test func onlySiblingsAreSpokenWithInTLS() async throws {
    let demo = try await Demo(traffic: 0)
    let node = try demo.node("austin-01/a")
    let own = URL(filePath: demo.report.authority).deletingLastPathComponent()
    func curl(_ certificate: String?) async throws -> ProgramResult {
      var arguments = ["--silent", "--show-error", "--max-time", "5", "--insecure", "--write-out", "%{http_code}"]
      if let certificate {
        arguments += ["--cert", own.appending(path: "\(certificate).pem").path]
        arguments += ["--key", own.appending(path: "\(certificate).key").path]
      }
      return try await Program.run(URL(filePath: "/usr/bin/curl"), arguments + ["https://\(node.http)/v2/health/ready"])
    }
    let sibling = try await curl("nodes/austin-01/b")
    #expect(sibling.status == 0 && sibling.output.hasSuffix("200"), "\(sibling)")
    for other in ["nodes/denver-02/a", nil] {
      let refused = try await curl(other)
      #expect(refused.status != 0 && refused.output.hasSuffix("000"), "\(other ?? "no certificate"): \(refused)")
    }
    _ = try await demo.stop()
  }
}
