import FleetCore

/// What a delta begins with, of a fixed length: a mark, the method, and which files it is made from and makes. Behind it come what
/// the method says, and the SHA-256 of all that.
struct DeltaHeader: Equatable {
  private static let mark = Array("FLD1".utf8)
  private static let hashBytes = 32
  static let bytes = mark.count + 1 + 2 * (8 + hashBytes)
  /// Of header and hash together.
  static let overhead = UInt64(bytes + hashBytes)

  var method: DeltaMethod
  /// Nil for a method that needs none.
  var base: FileIdentity?
  var result: FileIdentity

  init(method: DeltaMethod, base: FileIdentity?, result: FileIdentity) {
    self.method = method
    self.base = method.usesBase ? base : nil
    self.result = result
  }

  /// Throws `.corrupt` in words.
  init(reading bytes: [UInt8]) throws(CommandError) {
    guard bytes.count == Self.bytes, bytes.starts(with: Self.mark) else {
      throw CommandError(.corrupt, "this is not a delta")
    }
    guard let method = DeltaMethod(rawValue: bytes[Self.mark.count]) else {
      throw CommandError(.corrupt, "the delta was made by a method \(bytes[Self.mark.count]) that is not known here")
    }
    let base = Self.identity(bytes[(Self.mark.count + 1)...].prefix(8 + Self.hashBytes))
    let result = Self.identity(bytes.suffix(8 + Self.hashBytes))
    guard method.usesBase || base == Self.nobody else {
      throw CommandError(.corrupt, "the delta names a base that its method does not need")
    }
    self.init(method: method, base: base, result: result)
  }

  var encoded: [UInt8] {
    Self.mark + [method.rawValue] + Self.encoded(base ?? Self.nobody) + Self.encoded(result)
  }

  private static let nobody = FileIdentity(bytes: 0, sha256: String(repeating: "0", count: 64))

  private static func encoded(_ identity: FileIdentity) -> [UInt8] {
    (0..<8).reversed().map { UInt8(truncatingIfNeeded: identity.bytes >> (8 * $0)) } + raw(identity.sha256)
  }

  private static func identity(_ bytes: ArraySlice<UInt8>) -> FileIdentity {
    FileIdentity(
      bytes: bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) },
      sha256: hexadecimal(bytes.suffix(hashBytes))
    )
  }

  /// The 32 bytes that a hash in hexadecimal means.
  static func raw(_ hash: String) -> [UInt8] {
    let digits = hash.utf8.map { $0 <= UInt8(ascii: "9") ? $0 &- 48 : $0 &- 87 }
    return stride(from: 0, to: digits.count - 1, by: 2).map { digits[$0] << 4 | digits[$0 + 1] & 15 }
  }

  private static func hexadecimal(_ bytes: ArraySlice<UInt8>) -> String {
    let digits = Array("0123456789abcdef".utf8)
    return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
  }
}
