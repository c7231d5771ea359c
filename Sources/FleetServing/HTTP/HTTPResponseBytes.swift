import NIOCore
import NIOHTTP1

/// Writes an answer as HTTP/1.1 bytes. One buffer a response: one system call.
enum HTTPResponseBytes {
  /// Longer bodies go out behind their head instead of being copied.
  private static let longestCopiedBody = 64 << 10

  /// `hasBody` is false for the answer to HEAD, which tells the length of a body that it lacks.
  static func encode(
    _ response: HTTPResponse,
    keepsAlive: Bool,
    saysKeepAlive: Bool,
    hasBody: Bool,
    allocator: ByteBufferAllocator
  ) -> (head: ByteBuffer, body: ByteBuffer?) {
    let bodyLength = response.body.readableBytes
    let isCopied = hasBody && bodyLength <= longestCopiedBody
    var head = allocator.buffer(capacity: 256 + (isCopied ? bodyLength : 0))
    head.writeStaticString("HTTP/1.1 ")
    head.writeString(statusLine(response.status))
    if let type = response.contentType {
      head.writeStaticString("\r\nContent-Type: ")
      head.writeString(type)
    }
    head.writeStaticString("\r\nContent-Length: ")
    head.writeString(String(bodyLength))
    for field in response.fields {
      head.writeStaticString("\r\n")
      head.writeString(field.name)
      head.writeStaticString(": ")
      head.writeString(field.value)
    }
    if !keepsAlive {
      head.writeStaticString("\r\nConnection: close")
    } else if saysKeepAlive {
      head.writeStaticString("\r\nConnection: keep-alive")
    }
    head.writeStaticString("\r\n\r\n")
    guard isCopied else { return (head, hasBody ? response.body : nil) }
    head.writeImmutableBuffer(response.body)
    return (head, nil)
  }

  private static func statusLine(_ status: Int) -> String {
    if status == 200 { return "200 OK" }
    let known = HTTPResponseStatus(statusCode: status)
    return "\(status) \(known.reasonPhrase)"
  }
}
