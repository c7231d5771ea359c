/// Where and why text is not the JSON that was expected.
struct JSONError: Error, Equatable {
  let message: String
  let offset: Int
}

/// Reads JSON (RFC 8259) front to back in one pass, without building a tree of it.
struct JSONReader {
  /// Deeper nesting is refused; nothing here descends further than this.
  static let maximumDepth = 64

  let bytes: [UInt8]
  private(set) var offset = 0

  init(_ bytes: [UInt8], offset: Int = 0) {
    self.bytes = bytes
    self.offset = offset
  }

  var remaining: Int { bytes.count - offset }

  func error(_ message: String, at offset: Int? = nil) -> JSONError {
    JSONError(message: message, offset: offset ?? self.offset)
  }

  /// The next byte that is not white space, without taking it; nil at the end.
  mutating func peek() -> UInt8? {
    while offset < bytes.count {
      let byte = bytes[offset]
      guard byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 else { return byte }
      offset += 1
    }
    return nil
  }

  /// Takes the next byte when it is `byte`.
  mutating func take(_ byte: UInt8) -> Bool {
    guard peek() == byte else { return false }
    offset += 1
    return true
  }

  mutating func expect(_ byte: UInt8) throws(JSONError) {
    guard take(byte) else { throw unexpected("'\(Character(UnicodeScalar(byte)))'") }
  }

  /// Between the members of an object or array: true when another follows, false when `close` was taken.
  mutating func continues(until close: UInt8) throws(JSONError) -> Bool {
    if take(UInt8(ascii: ",")) { return true }
    if take(close) { return false }
    throw unexpected("',' or '\(Character(UnicodeScalar(close)))'")
  }

  mutating func expectEnd() throws(JSONError) {
    if peek() != nil { throw error("something follows the end of the document") }
  }

  /// Calls `member` with each key of an object; it must take the value.
  mutating func readObject(_ member: (inout JSONReader, String) throws(JSONError) -> Void) throws(JSONError) {
    try expect(UInt8(ascii: "{"))
    if take(UInt8(ascii: "}")) { return }
    repeat {
      let key = try readString()
      try expect(UInt8(ascii: ":"))
      try member(&self, key)
    } while try continues(until: UInt8(ascii: "}"))
  }

  /// Calls `element` with each index of an array; it must take the value.
  mutating func readArray(_ element: (inout JSONReader, Int) throws(JSONError) -> Void) throws(JSONError) {
    try expect(UInt8(ascii: "["))
    if take(UInt8(ascii: "]")) { return }
    var index = 0
    repeat {
      try element(&self, index)
      index += 1
    } while try continues(until: UInt8(ascii: "]"))
  }

  mutating func readBool() throws(JSONError) -> Bool {
    if peek() == UInt8(ascii: "t"), takeWord("true") { return true }
    if peek() == UInt8(ascii: "f"), takeWord("false") { return false }
    throw unexpected("true or false")
  }

  /// The range of the next number's characters, checked against JSON's grammar.
  mutating func readNumberText() throws(JSONError) -> Range<Int> {
    guard let first = peek() else { throw unexpected("a number") }
    let start = offset
    if first == UInt8(ascii: "-") { offset += 1 }
    let whole = takeDigits()
    guard whole > 0 else {
      offset = start
      throw unexpected("a number")
    }
    if whole > 1, bytes[offset - whole] == UInt8(ascii: "0") { throw error("a number begins with 0", at: start) }
    if offset < bytes.count, bytes[offset] == UInt8(ascii: ".") {
      offset += 1
      guard takeDigits() > 0 else { throw error("a number ends in its decimal point", at: start) }
    }
    if offset < bytes.count, bytes[offset] | 0x20 == UInt8(ascii: "e") {
      offset += 1
      if offset < bytes.count, bytes[offset] == UInt8(ascii: "+") || bytes[offset] == UInt8(ascii: "-") { offset += 1 }
      guard takeDigits() > 0 else { throw error("a number ends in its exponent's sign", at: start) }
    }
    return start..<offset
  }

  /// Takes a value of any kind, nested no deeper than `maximumDepth`.
  mutating func skipValue() throws(JSONError) {
    var closers: [UInt8] = []
    repeat {
      guard let byte = peek() else { throw unexpected("a value") }
      switch byte {
      case UInt8(ascii: "{"), UInt8(ascii: "["):
        guard closers.count < Self.maximumDepth else { throw error("nested deeper than \(Self.maximumDepth)") }
        let isObject = byte == UInt8(ascii: "{")
        let closer = isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")
        offset += 1
        if !take(closer) {
          closers.append(closer)
          if isObject { try skipKey() }
          continue
        }
      case UInt8(ascii: "\""): try skipString()
      case UInt8(ascii: "t"), UInt8(ascii: "f"): _ = try readBool()
      case UInt8(ascii: "n"): try readNull()
      default: _ = try readNumberText()
      }
      while let closer = closers.last {
        if try continues(until: closer) {
          if closer == UInt8(ascii: "}") { try skipKey() }
          break
        }
        closers.removeLast()
      }
    } while !closers.isEmpty
  }

  mutating func readNull() throws(JSONError) {
    guard peek() != nil, takeWord("null") else { throw unexpected("a value") }
  }

  /// Sets the place to read on from: one that `offset` told before.
  mutating func rewind(to offset: Int) {
    self.offset = offset
  }

  private mutating func skipKey() throws(JSONError) {
    try skipString()
    try expect(UInt8(ascii: ":"))
  }

  private mutating func takeWord(_ word: StaticString) -> Bool {
    let count = word.utf8CodeUnitCount
    guard remaining >= count else { return false }
    let matches = word.withUTF8Buffer { unsafe $0.elementsEqual(bytes[offset..<(offset + count)]) }
    if matches { offset += count }
    return matches
  }

  private mutating func takeDigits() -> Int {
    let start = offset
    while offset < bytes.count, bytes[offset] &- 0x30 < 10 { offset += 1 }
    return offset - start
  }

  /// What stands here instead of what was expected.
  func unexpected(_ expected: String) -> JSONError {
    guard offset < bytes.count else { return error("expected \(expected), found the end") }
    let byte = bytes[offset]
    switch byte {
    case UInt8(ascii: "N"), UInt8(ascii: "I"):
      return error("expected \(expected); JSON has no NaN or Infinity, send them as binary data")
    case 0x21..<0x7f: return error("expected \(expected), found '\(Character(UnicodeScalar(byte)))'")
    default: return error("expected \(expected), found byte \(byte)")
    }
  }
}
