package import NIOCore

/// The field `grpc-timeout` (gRPC over HTTP2, "Timeout"): at most eight digits and a unit.
package enum GRPCTimeout {
  /// Nil when `text` is none.
  package static func parse(_ text: String) -> TimeAmount? {
    let digits = text.utf8.dropLast()
    guard 1...8 ~= digits.count, digits.allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }) else { return nil }
    let count = digits.reduce(Int64(0)) { $0 * 10 + Int64($1 - UInt8(ascii: "0")) }
    switch text.utf8.last {
    case UInt8(ascii: "H"): return .seconds(count * 3600)
    case UInt8(ascii: "M"): return .seconds(count * 60)
    case UInt8(ascii: "S"): return .seconds(count)
    case UInt8(ascii: "m"): return .milliseconds(count)
    case UInt8(ascii: "u"): return .microseconds(count)
    case UInt8(ascii: "n"): return .nanoseconds(count)
    default: return nil
    }
  }
}
