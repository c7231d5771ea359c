/// Text as cells. Every cell holds one glyph of width 1, so that a name from elsewhere can never shift a column:
/// wide glyphs become `□`, control characters `·`, and what has no width of its own (combining marks, joiners) is left out.
package enum Glyphs {
  package static func cells(of text: String) -> [Unicode.Scalar] {
    text.unicodeScalars.compactMap(glyph)
  }

  package static func width(of text: String) -> Int {
    var width = 0
    for scalar in text.unicodeScalars where glyph(for: scalar) != nil { width += 1 }
    return width
  }

  /// Lines of at most that width, broken at spaces where there are some.
  package static func wrapped(_ text: String, to width: Int) -> [String] {
    guard width > 0 else { return [] }
    var lines: [String] = []
    var line = ""
    for word in text.split(separator: " ", omittingEmptySubsequences: true) {
      var word = String(word)
      if !line.isEmpty, self.width(of: line) + 1 + self.width(of: word) > width {
        lines.append(line)
        line = ""
      }
      while self.width(of: word) > width {
        if !line.isEmpty {
          lines.append(line)
          line = ""
        }
        lines.append(String(word.prefix(width)))
        word = String(word.dropFirst(width))
      }
      line += line.isEmpty ? word : " " + word
    }
    if !line.isEmpty || lines.isEmpty { lines.append(line) }
    return lines
  }

  package static func glyph(for scalar: Unicode.Scalar) -> Unicode.Scalar? {
    let value = scalar.value
    if value >= 0x20 && value < 0x7F { return scalar }
    if value < 0x20 || (value >= 0x7F && value < 0xA0) { return "·" }
    if value < 0x300 { return value == 0xAD ? nil : scalar }
    if isWide(value) { return "□" }
    switch scalar.properties.generalCategory {
    case .nonspacingMark, .enclosingMark, .spacingMark, .format: return nil
    case .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned: return "·"
    default: return scalar
    }
  }

  /// The ranges that Unicode's EastAsianWidth.txt calls wide or fullwidth, emoji among them; coarse at their edges.
  private static func isWide(_ value: UInt32) -> Bool {
    switch value {
    case 0x1100...0x115F, 0x231A...0x231B, 0x23E9...0x23EC, 0x23F0, 0x23F3, 0x25FD...0x25FE, 0x2614...0x2615,
      0x2648...0x2653, 0x267F, 0x2693, 0x26A1, 0x26AA...0x26AB, 0x26BD...0x26BE, 0x26C4...0x26C5, 0x26CE, 0x26D4,
      0x26EA,
      0x26F2...0x26F3, 0x26F5, 0x26FA, 0x26FD, 0x2705, 0x270A...0x270B, 0x2728, 0x274C, 0x274E, 0x2753...0x2755, 0x2757,
      0x2795...0x2797, 0x27B0, 0x27BF, 0x2B1B...0x2B1C, 0x2B50, 0x2B55, 0x2E80...0x303E, 0x3041...0x33FF,
      0x3400...0x4DBF,
      0x4E00...0x9FFF, 0xA000...0xA4CF, 0xA960...0xA97F, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE10...0xFE19,
      0xFE30...0xFE6F,
      0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x16FE0...0x18AFF, 0x1B000...0x1B2FF, 0x1F000...0x1FAFF, 0x20000...0x3FFFD:
      true
    default: false
    }
  }
}
