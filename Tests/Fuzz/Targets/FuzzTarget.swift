import FleetServing
import NIOCore
import NIOHTTP1
import Synchronization

/// What is fuzzed. Each takes any bytes, and throws a `FuzzFailure` when the server breaks a promise: an answer comes, it is never a
/// 500, the connection ends, and nothing is held after that.
package enum FuzzTarget: String, CaseIterable, Sendable {
  /// A connection's bytes as they are: heads and bodies over REST.
  case rest
  /// The body of an infer call; its first byte chooses the datatype of the model, the second how it comes.
  case json
  /// The message of a call over gRPC; its first byte chooses the method.
  case grpc
  /// A connection's frames behind HTTP/2's preface and empty settings.
  case http2

  /// One at a time, so that what an input leaves behind is known to be its own.
  package func run(_ bytes: [UInt8]) throws {
    try Self.turn.withLock { _ in
      switch self {
      case .rest: try Self.rest(bytes)
      case .json: try Self.json(bytes)
      case .grpc: try Self.grpc(bytes)
      case .http2: try Self.http2(bytes)
      }
    }
  }

  private static let turn = Mutex(())
  private static let restListener = Result { try FuzzServer.shared.get().listenForREST() }

  private static func rest(_ bytes: [UInt8]) throws {
    let listener = try restListener.get()
    let answer = try FuzzSocket.exchange(bytes, port: listener.port)
    try FuzzServer.settle(listener.census)
    guard !answer.isEmpty else { return }
    let text = String(decoding: answer, as: UTF8.self)
    guard text.hasPrefix("HTTP/1.") else { throw FuzzFailure("not an answer of HTTP: \(text.prefix(200))") }
    // A client can have its own words in an answer only as JSON, which has no bare line end.
    if text.contains("HTTP/1.1 500 ") { throw FuzzFailure("answered with 500: \(text.prefix(400))") }
  }

  private static func json(_ bytes: [UInt8]) throws {
    guard bytes.count >= 2 else { return }
    let server = try FuzzServer.shared.get()
    let datatypes = TensorDatatype.allCases
    let model = datatypes[Int(bytes[0]) % datatypes.count].rawValue.lowercased()
    var headers: HTTPHeaders = [:]
    let body = bytes[2...]
    if bytes[1] & 1 == 1 { headers.add(name: "inference-header-content-length", value: "\(body.count / 2)") }
    if bytes[1] & 2 == 2 { headers.add(name: "content-encoding", value: bytes[1] & 4 == 4 ? "gzip" : "deflate") }
    if bytes[1] & 8 == 8 { headers.add(name: "accept-encoding", value: "gzip") }
    let request = HTTPRequest(
      method: .POST,
      uri: "/v2/models/\(model)/infer",
      headers: headers,
      body: ByteBuffer(bytes: body),
      context: CallContext(received: .now()),
      census: server.census
    )
    let loop = server.loop
    let rest = server.rest
    let answer = try loop.flatSubmit { rest.respond(to: request, on: loop).future(on: loop) }.wait()
    try FuzzServer.settle(server.census)
    guard answer.status == 200 || (400..<500).contains(answer.status) || answer.status == 503 else {
      throw FuzzFailure(
        "answered with \(answer.status): \(String(decoding: answer.body.readableBytesView, as: UTF8.self))"
      )
    }
    if answer.status != 200, answer.body.readableBytes > 4096 {
      throw FuzzFailure("an error of \(answer.body.readableBytes) bytes")
    }
  }

  private static func grpc(_ bytes: [UInt8]) throws {
    guard let first = bytes.first else { return }
    let server = try FuzzServer.shared.get()
    let method = GRPCMethod.allCases[Int(first) % GRPCMethod.allCases.count]
    let call = GRPCCall(
      method: method,
      message: ByteBuffer(bytes: bytes[1...]),
      context: CallContext(received: .now()),
      census: server.census
    )
    let loop = server.loop
    let grpc = server.grpc
    let answer = try loop.flatSubmit { grpc.respond(to: call, on: loop).future(on: loop) }.wait()
    try FuzzServer.settle(server.census)
    switch answer.status.code {
    case .internal, .unknown: throw FuzzFailure("\(method) ended with \(answer.status)")
    default: break
    }
    if answer.status.message.utf8.count > 2000 {
      throw FuzzFailure("an error of \(answer.status.message.utf8.count) bytes")
    }
  }

  private static let grpcListener = Result { try FuzzServer.shared.get().listenForGRPC() }

  /// The preface, and a frame of settings that says nothing (RFC 9113, section 3.4).
  private static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8) + [0, 0, 0, 4, 0, 0, 0, 0, 0]

  private static func http2(_ bytes: [UInt8]) throws {
    let listener = try grpcListener.get()
    _ = try FuzzSocket.exchange(preface + bytes, port: listener.port)
    try FuzzServer.settle(listener.census)
  }
}
