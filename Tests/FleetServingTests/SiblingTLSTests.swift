import FleetAuthority
import FleetCore
import FleetServing
import FleetTestSupport
import FleetWire
import Foundation
import Testing

/// Requests go from node to node over mutual TLS, on the port that clients use in plain.
@Suite struct SiblingTLSTests {
  private struct Fleet {
    let folder: TemporaryFolder
    let authority: CertificateAuthority

    init(_ name: String = "acme") throws {
      folder = try TemporaryFolder()
      authority = try CertificateAuthority.create(fleet: name, in: folder.path("ca"))
    }

    func node(_ text: String, from start: Date = Date(), validity: TimeInterval = 86_400) throws -> SiblingSecurity {
      let name = try #require(NodeName(text))
      return security(try authority.issueNode(name, from: start, validity: validity, replacing: true))
    }

    func `operator`() throws -> SiblingSecurity {
      security(try authority.issueOperator("ops", from: Date(), validity: 86_400, replacing: true))
    }

    private func security(_ issued: IssuedCertificate) -> SiblingSecurity {
      SiblingSecurity(
        authority: authority.certificatePath,
        certificate: issued.certificatePath,
        key: issued.keyPath
      )
    }
  }

  private func handOff(_ engine: TestEngine, to name: String, _ port: UInt16) async throws {
    #expect(try await engine.call(.handOff(siblings: ["\(name)=127.0.0.1:\(port)"])) == .done)
  }

  /// Which of two engines answers when `a`, as `own`, hands off to `b`, as `other`, which it takes for `name`.
  private func answers(
    _ own: SiblingSecurity,
    _ other: SiblingSecurity,
    as name: String = "austin-01/b"
  ) async throws -> [Double?] {
    let a = try await TestEngine.start(security: own)
    let b = try await TestEngine.start(model: "marker-2", name: "austin-01/b", security: other)
    try await handOff(a, to: name, b.port)
    let kept = try TestClient(a.port)
    var markers: [Double?] = [try await kept.infer(Bodies.json()).marker]
    let client = try await GRPCTestClient.connect(a.grpcPort)
    markers.append(Double(try await client.infer(GRPCBodies.infer()).marker ?? 0))
    await client.close()
    #expect(try await TestClient(b.port).infer(Bodies.json()).marker == 2, "clients are answered in plain")
    for engine in [a, b] { await engine.stop() }
    return markers
  }

  @Test func siblingsAnswerForEachOther() async throws {
    let fleet = try Fleet()
    #expect(try await answers(fleet.node("austin-01/a"), fleet.node("austin-01/b")) == [2, 2])
  }

  /// In each case the node answers itself: no picture goes to who is not known, and none is taken from there.
  @Test(arguments: ["name", "store", "operator", "fleet", "expired", "plain", "broken"])
  func nobodyElseDoes(_ case: String) async throws {
    let fleet = try Fleet()
    let own = try fleet.node("austin-01/a")
    let other = try fleet.node("austin-01/b")
    let markers =
      switch `case` {
      case "name": try await answers(own, other, as: "austin-01/c")
      case "store": try await answers(fleet.node("denver-02/a"), other)
      case "operator": try await answers(fleet.operator(), other)
      case "fleet": try await answers(Fleet().node("austin-01/a"), other)
      case "expired":
        try await answers(fleet.node("austin-01/a", from: Date(timeIntervalSinceNow: -99), validity: 9), other)
      case "plain": try await answers(own, .plain)
      default: try await answers(SiblingSecurity(authority: "/no", certificate: "/no", key: "/no"), other)
      }
    #expect(markers == [1, 1])
  }

  @Test func noPictureIsInWhatGoesOverTheLine() async throws {
    let (listener, port) = try Sockets.listen()
    defer { close(listener) }
    let a = try await TestEngine.start(security: Fleet().node("austin-01/a"))
    try await handOff(a, to: "austin-01/b", port)
    let client = try TestClient(a.port)
    let body = Bodies.json()
    async let answer = client.infer(body)
    let bytes = try await Sockets.blocking {
      let connection = accept(listener, nil, nil)
      defer { close(connection) }
      return try Sockets.read(from: connection)
    }
    #expect(bytes.first == 22, "a handshake of TLS")
    #expect(!String(decoding: bytes, as: UTF8.self).contains("POST"))
    #expect(try await answer.marker == 1, "answered here, since nobody shook hands")
    await a.stop()
  }
}
