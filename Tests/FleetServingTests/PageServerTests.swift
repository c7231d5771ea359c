import FleetServing
import Foundation
import Synchronization
import Testing

@Suite struct PageServerTests {
  @Test func servesItsPageAndNothingElse() async throws {
    let (listener, port) = try Sockets.listen()
    let text = Mutex<String?>(nil)
    let server = try await PageServer.start(descriptor: listener, path: "/metrics") { accept in
      text.withLock { $0 }.map { PageServer.Page(contentType: "text/\(accept)", text: $0) }
    }
    let client = try TestClient(port)
    #expect(try await client.get("/metrics").status == 503, "nothing is known yet")
    text.withLock { $0 = "up 1\n" }
    let page = try await client.exchange(
      Array("GET /metrics?a=b HTTP/1.1\r\nHost: h\r\nAccept: plain\r\n\r\n".utf8)
    )
    #expect(page.status == 200 && page.text == "up 1\n")
    #expect(page.fields["content-type"] == "text/plain")
    #expect(try await client.get("/").status == 404)
    #expect(try await client.get("/metrics/").status == 404)
    let posted = try await client.exchange(
      Array("POST /metrics HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n".utf8)
    )
    #expect(posted.status == 405 && posted.fields["allow"] == "GET, HEAD")
    let large = try await client.exchange(
      Array("POST /metrics HTTP/1.1\r\nHost: h\r\nContent-Length: 99999\r\n\r\n".utf8)
    )
    #expect(large.status == 413)
    await server.stop()
  }

  @Test func readersBeyondTheBoundAreClosed() async throws {
    let (listener, port) = try Sockets.listen()
    let server = try await PageServer.start(descriptor: listener, path: "/metrics", readers: 2) { _ in
      PageServer.Page(contentType: "text/plain", text: "up 1\n")
    }
    var clients = [try TestClient(port), try TestClient(port)]
    for client in clients { #expect(try await client.get("/metrics").status == 200) }
    #expect(try await TestClient(port).isAtEnd())
    clients.removeAll()
    try await eventually("there is room again") { (try? await TestClient(port).get("/metrics").status) == 200 }
    await server.stop()
  }
}
