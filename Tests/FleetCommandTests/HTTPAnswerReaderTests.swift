import NIOCore
import Testing

@testable import fleet

struct HTTPAnswerReaderTests {
  private static let two =
    "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nX: y\r\n\r\nabc"
    + "HTTP/1.1 503 Service Unavailable\r\nconnection:  Close \r\ncontent-length:0\r\n\r\n"

  @Test(arguments: [1, 2, 7, 1000])
  func readsAnswersHoweverTheyAreCut(_ length: Int) throws {
    var reader = HTTPAnswerReader()
    var answers: [HTTPAnswerReader.Answer] = []
    var bytes = Array(Self.two.utf8)[...]
    while !bytes.isEmpty {
      var part = ByteBuffer(bytes: bytes.prefix(length))
      bytes = bytes.dropFirst(length)
      reader.feed(&part)
      while let answer = try reader.next() { answers.append(answer) }
    }
    #expect(
      answers == [
        .init(status: 200, isLast: false, body: ByteBuffer(string: "abc")),
        .init(status: 503, isLast: true, body: ByteBuffer()),
      ]
    )
  }

  @Test func passesOverWhatComesBeforeTheAnswer() throws {
    #expect(try Self.read("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n")?.status == 204)
  }

  @Test(arguments: [
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: 999999999\r\n\r\n",
    "HTTP/1.1 2x0 OK\r\nContent-Length: 0\r\n\r\n",
    "SSH-2.0-OpenSSH_9.2\r\n\r\n", "\r\n\r\n", "HTTP/1.1\r\n\r\n",
    String(repeating: "a", count: 70_000),
  ])
  func refusesWhatItCannotRead(_ text: String) {
    #expect(throws: BenchError.self) { try Self.read(text) }
  }

  @Test func survivesAnyBytes() {
    var random = BenchRandom()
    let parts = ["HTTP/1.1 200", "\r\n", "\r\n\r\n", "Content-Length:", "1", " ", ":", "\u{0}", "é", "HTTP/1."]
    for _ in 0..<2000 {
      let text = (0..<Int.random(in: 0..<12, using: &random)).map { _ in parts.randomElement(using: &random) ?? "" }
      _ = try? Self.read(text.joined())
    }
  }

  private static func read(_ text: String) throws -> HTTPAnswerReader.Answer? {
    var reader = HTTPAnswerReader()
    var bytes = ByteBuffer(string: text)
    reader.feed(&bytes)
    return try reader.next()
  }
}
