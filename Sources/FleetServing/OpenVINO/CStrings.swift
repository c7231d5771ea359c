import Glibc

/// Swift strings as the pointers that a C function expects.
enum CStrings {
  /// Calls `body` with the address of an array of pairs of C strings, as `ov_property_t` has them; valid during the call only.
  static func withPairs<Result>(
    _ pairs: [(String, String)],
    _ body: (UnsafeRawPointer) throws -> Result
  ) throws -> Result {
    let strings = unsafe pairs.flatMap { pair in unsafe [strdup(pair.0), strdup(pair.1)] }
    defer { unsafe strings.forEach { unsafe free($0) } }
    return try unsafe strings.withUnsafeBytes { bytes in
      guard let base = bytes.baseAddress else { throw EngineError("no properties to pass") }
      return try unsafe body(base)
    }
  }
}
