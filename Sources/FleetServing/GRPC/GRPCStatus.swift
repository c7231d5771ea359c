/// How a call ended (gRPC, "Status codes and their use").
package struct GRPCStatus: Error, Sendable, Equatable {
  package enum Code: Int, Sendable {
    case ok = 0
    case cancelled = 1
    case unknown = 2
    case invalidArgument = 3
    case deadlineExceeded = 4
    case notFound = 5
    case resourceExhausted = 8
    case unimplemented = 12
    case `internal` = 13
    case unavailable = 14
  }

  package static let ok = GRPCStatus(.ok)

  /// Clients take header lists of 8 KiB, and an escaped byte is three.
  private static let maximumMessageBytes = 2000

  package let code: Code
  package let message: String

  package init(_ code: Code, _ message: String = "") {
    self.code = code
    self.message = message
  }

  package init(_ error: ServingError) {
    let code: Code =
      switch error.kind {
      case .invalid: .invalidArgument
      case .notFound: .notFound
      case .methodNotAllowed, .unsupported, .unsupportedEncoding: .unimplemented
      case .tooLarge: .resourceExhausted
      case .unavailable: .unavailable
      case .deadlineExceeded: .deadlineExceeded
      case .cancelled: .cancelled
      case .failed: .internal
      }
    self.init(code, error.message)
  }

  /// Whether a model's meter counts the call among its errors: it was right, and not answered.
  package var countsAsError: Bool {
    switch code {
    case .ok, .invalidArgument, .notFound, .unimplemented: false
    case .cancelled, .unknown, .deadlineExceeded, .resourceExhausted, .internal, .unavailable: true
    }
  }

  /// `message` as it stands in the field `grpc-message`: what is not printable ASCII is percent-encoded
  /// (gRPC over HTTP2, "Status-Message").
  package var encodedMessage: String {
    let bytes = message.utf8.prefix(Self.maximumMessageBytes)
    guard !bytes.allSatisfy(Self.isPlain) else { return String(Substring(bytes)) }
    var text: [UInt8] = []
    for byte in bytes {
      if Self.isPlain(byte) {
        text.append(byte)
      } else {
        let digits = Array("0123456789ABCDEF".utf8)
        text += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
      }
    }
    return String(decoding: text, as: UTF8.self)
  }

  /// The status of the fields `grpc-status` and `grpc-message`; unknown when the former is no code of ours.
  package init(statusField: String, messageField: String?) {
    let code = Int(statusField).flatMap(Code.init) ?? .unknown
    self.init(code, messageField.map(Self.decoded) ?? "")
  }

  private static func isPlain(_ byte: UInt8) -> Bool {
    0x20...0x7e ~= byte && byte != UInt8(ascii: "%")
  }

  /// A broken escape stays as it is.
  private static func decoded(_ text: String) -> String {
    var bytes: [UInt8] = []
    var rest = text.utf8[...]
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "%"), let value = UInt8(String(Substring(rest.prefix(2))), radix: 16), rest.count >= 2 {
        bytes.append(value)
        rest = rest.dropFirst(2)
      } else {
        bytes.append(byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
