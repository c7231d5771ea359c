extension JSONReader {
  /// The next value, which must be a string, with its escapes resolved.
  mutating func readString() throws(JSONError) -> String {
    let (start, hasEscapes) = try scanString()
    let content = bytes[start..<(offset - 1)]
    guard hasEscapes else { return String(decoding: content, as: UTF8.self) }
    guard let text = Self.unescape(content) else { throw error("an escape that JSON does not know", at: start) }
    return text
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
      }
      index += 1
    }
    throw error("a string does not end", at: start - 1)
  }

  /// Nil when there is an escape that JSON does not know. Half a surrogate pair becomes U+FFFD, as in all of Swift.
  private static func unescape(_ content: ArraySlice<UInt8>) -> String? {
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
        guard content.endIndex - index >= 4,
          let unit = UInt16(String(decoding: content[index..<(index + 4)], as: UTF8.self), radix: 16)
        else { return nil }
        units.append(unit)
        index += 4
        continue
      }
      flushUnits()
      switch escape {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): plain.append(escape)
      case UInt8(ascii: "b"): plain.append(0x08)
      case UInt8(ascii: "f"): plain.append(0x0c)
      case UInt8(ascii: "n"): plain.append(0x0a)
      case UInt8(ascii: "r"): plain.append(0x0d)
      case UInt8(ascii: "t"): plain.append(0x09)
      default: return nil
      }
    }
    flushUnits()
    flushPlain()
    return result
  }
}
