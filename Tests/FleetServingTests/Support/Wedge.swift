import FleetServing
import Foundation
import NIOCore
import SwiftProtobuf

/// Requests that stay in flight for as long as a test wants.
enum Wedge {
  /// Of REST, with the client's id; it waits for the gate of a `gated` model.
  static func rest(id: String) -> [UInt8] {
    request(#"{"id":"\#(id)",\#(Bodies.json(first: 1).dropFirst())"#)
  }

  static func request(_ body: String) -> [UInt8] {
    Array("POST /v2/models/digits/infer HTTP/1.1\r\nHost: a\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)".utf8)
  }

  /// One whose answer by a `large` model is more than what the sockets of both ends hold. Its tensor is binary, behind the JSON that names it.
  static func large(id: String) -> [UInt8] {
    let json =
      #"{"id":"\#(id)","inputs":[{"name":"pixels","shape":[1,1,8,8],"datatype":"FP32","parameters":{"binary_data_size":256}}],"parameters":{"binary_data_output":true},"outputs":[{"name":"scores"}]}"#
    let head =
      "POST /v2/models/digits/infer HTTP/1.1\r\nHost: a\r\nInference-Header-Content-Length: \(json.utf8.count)\r\n"
      + "Content-Length: \(json.utf8.count + 256)\r\n\r\n"
    return Array(head.utf8) + Array(json.utf8) + [UInt8](repeating: 0, count: 256)
  }
}
