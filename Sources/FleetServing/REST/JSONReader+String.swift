extension JSONReader {
  /// The next value, which must be a string, with its escapes resolved.
  mutating func readString() throws(JSONError) -> String {
    let (start, hasEscapes) = try scanString()
    let content = bytes[start..<(offset - 1)]
    guard hasEscapes else { return String(decoding: content, as: UTF8.self) }
    return Self.unescape(content)
  }

  mutating func skipString() throws(JSONError) {
    _ = try scanString()
  }

  /// Takes a string with its quotes; tells where its content starts.
  private mutating func scanString() throws(JSONError) -> (start: Int, hasEscapes: Bool) {
    guard peek() == UInt8(ascii: "\"") else { throw unexpected("a string") }
    var index = offset + 1
    let start = index
    var hasEscapes = false
    while index < bytes.count {
      let byte = bytes[index]
      if byte == UInt8(ascii: "\"") {
        rewind(to: index + 1)
        return (start, hasEscapes)
      }
      if byte < 0x20 { throw error("a control character in a string", at: index) }
      if byte == UInt8(ascii: "\\") {
        hasEscapes = true
        index += 1
        guard isEscape(at: index) else { throw error("an escape that JSON does not know", at: index - 1) }
      }
      index += 1
    }
    throw error("a string does not end", at: start - 1)
  }

  /// Whether what follows a backslash is one of JSON's escapes.
  private func isEscape(at index: Int) -> Bool {
    guard index < bytes.count else { return false }
    switch bytes[index] {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
      UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
      return true
    case UInt8(ascii: "u"):
      return bytes.count - index > 4 && bytes[(index + 1)...(index + 4)].allSatisfy { Self.hexValue($0) != nil }
    default: return false
    }
  }

  private static func hexValue(_ digit: UInt8) -> UInt16? {
    switch digit {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt16(digit - UInt8(ascii: "0"))
    case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt16(digit - UInt8(ascii: "a") + 10)
    case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt16(digit - UInt8(ascii: "A") + 10)
    default: nil
    }
  }

  /// `content` has been scanned: its escapes are JSON's. Half a surrogate pair becomes U+FFFD, as in all of Swift.
  private static func unescape(_ content: ArraySlice<UInt8>) -> String {
    var units: [UInt16] = []
    var result = ""
    var plain: [UInt8] = []
    func flushPlain() {
      if !plain.isEmpty { result += String(decoding: plain, as: UTF8.self) }
      plain.removeAll()
    }
    func flushUnits() {
      if !units.isEmpty { result += String(decoding: units, as: UTF16.self) }
      units.removeAll()
    }
    var index = content.startIndex
    while index < content.endIndex {
      let byte = content[index]
      index += 1
      guard byte == UInt8(ascii: "\\") else {
        flushUnits()
        plain.append(byte)
        continue
      }
      let escape = content[index]
      index += 1
      if escape == UInt8(ascii: "u") {
        flushPlain()
        units.append(content[index..<(index + 4)].reduce(0) { $0 << 4 | (hexValue($1) ?? 0) })
        index += 4
        continue
      }
      flushUnits()
      switch escape {
      case UInt8(ascii: "b"): plain.append(0x08)
      case UInt8(ascii: "f"): plain.append(0x0c)
      case UInt8(ascii: "n"): plain.append(0x0a)
      case UInt8(ascii: "r"): plain.append(0x0d)
      case UInt8(ascii: "t"): plain.append(0x09)
      default: plain.append(escape)
      }
    }
    flushUnits()
    flushPlain()
    return result
  }
}
