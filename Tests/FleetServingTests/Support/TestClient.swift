import Foundation

/// One connection to an engine, kept open from request to request.
final class TestClient: @unchecked Sendable {
  struct Answer: Sendable {
    var status: Int
    var fields: [String: String]
    var body: [UInt8]

    var text: String { String(decoding: body, as: UTF8.self) }

    /// The body as JSON; the JSON part when binary data follows it.
    var json: [String: Any] {
      let length = fields["inference-header-content-length"].flatMap { Int($0) } ?? body.count
      return (try? JSONSerialization.jsonObject(with: Data(body[..<length]))) as? [String: Any] ?? [:]
    }

    var binary: [UInt8] {
      fields["inference-header-content-length"].flatMap { Int($0) }.map { Array(body[$0...]) } ?? []
    }

    /// The first number of the first output, which tells which fake model answered.
    var marker: Double? {
      let outputs = json["outputs"] as? [[String: Any]]
      return (outputs?.first?["data"] as? [Double])?.first
    }
  }

  private let descriptor: Int32
  private var buffer: [UInt8] = []

  init(_ port: UInt16) throws {
    descriptor = try Sockets.connect(port: port)
  }

  deinit {
    close(descriptor)
  }

  /// Sends one request and reads its answer.
  func send(
    _ method: String,
    _ path: String,
    fields: [String] = [],
    body: [UInt8] = []
  ) async throws -> Answer {
    let head = ["\(method) \(path) HTTP/1.1", "Host: test", "Content-Length: \(body.count)"] + fields
    return try await exchange(Array((head.joined(separator: "\r\n") + "\r\n\r\n").utf8) + body)
  }

  func get(_ path: String) async throws -> Answer {
    try await send("GET", path)
  }

  func infer(_ body: String, path: String = "/v2/models/digits/infer") async throws -> Answer {
    try await send("POST", path, body: Array(body.utf8))
  }

  func exchange(_ bytes: [UInt8]) async throws -> Answer {
    try await Sockets.blocking { [self] in
      write(bytes)
      return try readAnswer()
    }
  }

  func write(_ bytes: [UInt8]) {
    Sockets.write(bytes, to: descriptor)
  }

  /// Tells the engine that nothing more will come.
  func finishWriting() {
    shutdown(descriptor, Int32(SHUT_WR))
  }

  /// Whether the engine has closed the connection; reads what may still come.
  func isAtEnd() async throws -> Bool {
    try await Sockets.blocking { [self] in
      buffer.isEmpty ? try Sockets.read(from: descriptor).isEmpty : false
    }
  }

  func readAnswer(toHead: Bool = false) throws -> Answer {
    let separator = Array("\r\n\r\n".utf8)
    while true {
      if let end = buffer.firstRange(of: separator) {
        let lines = String(decoding: buffer[..<end.lowerBound], as: UTF8.self).components(separatedBy: "\r\n")
        let status = Int(lines[0].split(separator: " ").dropFirst().first ?? "") ?? 0
        var fields: [String: String] = [:]
        for line in lines.dropFirst() {
          let parts = line.split(separator: ":", maxSplits: 1)
          fields[parts[0].lowercased()] = parts.dropFirst().first?.trimmingCharacters(in: .whitespaces)
        }
        let length = toHead || status == 100 ? 0 : Int(fields["content-length"] ?? "") ?? 0
        if buffer.count >= end.upperBound + length {
          let body = Array(buffer[end.upperBound..<(end.upperBound + length)])
          buffer.removeFirst(end.upperBound + length)
          return Answer(status: status, fields: fields, body: body)
        }
      }
      let bytes = try Sockets.read(from: descriptor)
      guard !bytes.isEmpty else { throw TestFailure("the connection ended in the middle of an answer") }
      buffer += bytes
    }
  }
}

/// Bodies of infer calls.
enum Bodies {
  static func pixels(_ rows: Int, first: Int = 0) -> String {
    ([first] + [Int](repeating: 0, count: rows * 64 - 1)).map(String.init).joined(separator: ",")
  }

  static func json(rows: Int = 1, first: Int = 0, outputs: String = "[{\"name\":\"scores\"}]") -> String {
    """
    {"inputs":[{"name":"pixels","shape":[\(rows),1,8,8],"datatype":"FP32","data":[\(pixels(rows, first: first))]}],\
    "outputs":\(outputs)}
    """
  }
}
