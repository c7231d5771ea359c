import FleetCore
import FleetServing
import Foundation
import NIOCore
import Testing

/// What is between the client and the protocol: framing, limits, patience.
@Suite struct HTTPTests {
  private static func post(_ body: String, fields: String = "") -> [UInt8] {
    Array(
      "POST /v2/models/digits/infer HTTP/1.1\r\nHost: a\r\nContent-Length: \(body.utf8.count)\r\n\(fields)\r\n\(body)"
        .utf8
    )
  }

  @Test func answersPipelinedRequestsInOrder() async throws {
    // The slow model is answered from another thread, the wrong requests at once: still in order.
    let engine = try await TestEngine.start(model: "slow-1")
    let client = try TestClient(engine.port)
    let rounds = 20
    var bytes: [UInt8] = []
    for round in 0..<rounds {
      bytes += Self.post(Bodies.json().replacingOccurrences(of: "{\"inputs\"", with: "{\"id\":\"\(round)\",\"inputs\""))
      bytes += Self.post("{\"id\":\(round)")
      bytes += Array("GET /v2/health/live HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
    }
    client.write(bytes)
    for round in 0..<rounds {
      let good = try await Sockets.blocking { try client.readAnswer() }
      #expect(good.json["id"] as? String == "\(round)", "\(good.text)")
      #expect(try await Sockets.blocking { try client.readAnswer() }.status == 400)
      #expect(try await Sockets.blocking { try client.readAnswer() }.text == #"{"live":true}"#)
    }
    await engine.stop()
  }

  @Test func takesBodiesInChunksAndInDrops() async throws {
    let engine = try await TestEngine.start()
    let client = try TestClient(engine.port)
    let body = Bodies.json()
    let cut = body.index(body.startIndex, offsetBy: 40)
    let chunks = [body[..<cut], body[cut...]].map { "\(String($0.utf8.count, radix: 16))\r\n\($0)\r\n" }.joined()
    let chunked = Array(
      "POST /v2/models/digits/infer HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\(chunks)0\r\n\r\n".utf8
    )
    #expect(try await client.exchange(chunked).status == 200)
    for byte in Self.post(body) { client.write([byte]) }
    #expect(try await Sockets.blocking { try client.readAnswer() }.status == 200)
    await engine.stop()
  }

  @Test func closesWhenAskedAndKeepsOpenOtherwise() async throws {
    let engine = try await TestEngine.start()
    let client = try TestClient(engine.port)
    #expect(try await client.get("/v2").fields["connection"] == nil)
    #expect(
      try await client.exchange(Array("GET /v2 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n".utf8)).fields["connection"]
        == "keep-alive"
    )
    let head = try await Sockets.blocking {
      client.write(Array("HEAD /v2 HTTP/1.1\r\nHost: a\r\n\r\n".utf8))
      return try client.readAnswer(toHead: true)
    }
    #expect(head.status == 200)
    #expect(Int(head.fields["content-length"] ?? "") ?? 0 > 0)
    #expect(try await client.send("GET", "/v2", fields: ["Connection: close"]).fields["connection"] == "close")
    #expect(try await client.isAtEnd())
    let old = try TestClient(engine.port)
    #expect(try await old.exchange(Array("GET /v2 HTTP/1.0\r\n\r\n".utf8)).status == 200)
    #expect(try await old.isAtEnd())
    await engine.stop()
  }

  @Test func refusesWhatIsTooLongOrNotHTTP() async throws {
    var limits = HTTPLimits()
    limits.bodyBytes = 1000
    limits.linger = .milliseconds(200)
    let engine = try await TestEngine.start(limits: limits)
    let long = String(repeating: "a", count: 70_000)
    let cases: [(bytes: String, status: Int, words: String)] = [
      ("POST /v2 HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\n\r\n", 413, "the body is longer than 1000 bytes"),
      (
        "POST /v2 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n800\r\n\(long.prefix(2048))\r\n", 413,
        "longer than 1000"
      ),
      ("GET /v2 HTTP/1.1\r\nX: \(long)\r\n\r\n", 431, "the request's head is longer"),
      ("GET /\(long) HTTP/1.1\r\nHost: a\r\n\r\n", 0, ""),
      ("nonsense\r\n\r\n", 400, "not an HTTP/1.1 request"),
      ("GET /v2 HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\na", 400, "not an HTTP/1.1 request"),
      (
        "POST /v2 HTTP/1.1\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400,
        "not an HTTP/1.1 request"
      ),
      ("GET /v2 HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400, "not an HTTP/1.1 request"),
      ("POST /v2 HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n", 400, "not an HTTP/1.1 request"),
      ("\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}", 400, "not an HTTP/1.1 request"),
    ]
    for one in cases {
      let client = try TestClient(engine.port)
      let answer = try await client.exchange(Array(one.bytes.utf8))
      if one.status > 0 {
        #expect(answer.status == one.status, "\(one.bytes.prefix(60)): \(answer.text)")
        #expect(answer.text.contains(one.words), "\(answer.text)")
      } else {
        #expect((400..<500).contains(answer.status), "\(answer.text)")
      }
      if answer.fields["connection"] == "close" { #expect(try await client.isAtEnd()) }
    }
    await engine.stop()
  }

  @Test func invitesTheBodyThatAwaitsIt() async throws {
    let engine = try await TestEngine.start()
    let client = try TestClient(engine.port)
    let body = Bodies.json()
    let head =
      "POST /v2/models/digits/infer HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: \(body.utf8.count)\r\n\r\n"
    #expect(try await client.exchange(Array(head.utf8)).status == 100)
    #expect(try await client.exchange(Array(body.utf8)).status == 200)
    await engine.stop()
  }

  @Test func cutsOffWhoStallsAndWhoIdles() async throws {
    var limits = HTTPLimits()
    limits.stall = .milliseconds(50)
    limits.idle = .seconds(1)
    limits.linger = .milliseconds(50)
    let engine = try await TestEngine.start(limits: limits)
    let stalled = try TestClient(engine.port)
    #expect(
      try await stalled.exchange(Array("POST /v2/models/digits/infer HTTP/1.1\r\nContent-Length: 10\r\n\r\n{".utf8))
        .status == 408
    )
    #expect(try await stalled.isAtEnd())
    let idle = try TestClient(engine.port)
    #expect(try await idle.get("/v2").status == 200)
    #expect(try await idle.isAtEnd())
    try await eventually("connections are closed") { engine.openConnections == 0 }
    await engine.stop()
  }

  @Test func clientsThatLeaveHarmNobody() async throws {
    let engine = try await TestEngine.start(model: "slow-1")
    for cut in stride(from: 1, to: Self.post(Bodies.json()).count, by: 17) {
      let client = try TestClient(engine.port)
      client.write(Array(Self.post(Bodies.json()).prefix(cut)))
    }
    for _ in 0..<10 {
      let client = try TestClient(engine.port)
      client.write(Self.post(Bodies.json()))
    }
    let client = try TestClient(engine.port)
    #expect(try await client.infer(Bodies.json()).status == 200)
    try await eventually("nothing stays in flight") { try await engine.status().inFlight == 0 }
    #expect(try await engine.status().errors == 0)
    await engine.stop()
  }

  @Test func isAnsweringCurl() async throws {
    guard FileManager.default.isExecutableFile(atPath: "/usr/bin/curl") else { return }
    let engine = try await TestEngine.start()
    let port = engine.port
    let text = try await Sockets.blocking {
      let curl = Process()
      let pipe = Pipe()
      curl.executableURL = URL(filePath: "/usr/bin/curl")
      curl.arguments = [
        "--silent", "--max-time", "10", "--data", Bodies.json(), "--write-out", " %{http_code}",
        "http://127.0.0.1:\(port)/v2/models/digits/infer",
      ]
      curl.standardOutput = pipe
      try curl.run()
      let data = pipe.fileHandleForReading.readDataToEndOfFile()
      curl.waitUntilExit()
      return String(decoding: data, as: UTF8.self)
    }
    #expect(text.hasSuffix(" 200"))
    #expect(text.contains(#""shape":[1,10],"data":[1.0,1.0"#))
    await engine.stop()
  }
}
