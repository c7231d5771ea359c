internal import Terminal

/// Aligned columns for text that goes to a terminal or a file.
enum TextTable {
  /// Two spaces between columns, none at the end of a line.
  static func lines(titles: [String], rightAligned: Set<Int> = [], rows: [[String]]) -> [String] {
    var widths = titles.map { Glyphs.width(of: $0) }
    for row in rows {
      for (index, cell) in row.enumerated() { widths[index] = max(widths[index], Glyphs.width(of: cell)) }
    }
    return ([titles] + rows).map { cells in
      let parts = cells.enumerated().map { index, cell in
        let pad = String(repeating: " ", count: max(0, widths[index] - Glyphs.width(of: cell)))
        return rightAligned.contains(index) ? pad + cell : cell + pad
      }
      var text = Substring(parts.joined(separator: "  "))
      while text.last == " " { text.removeLast() }
      return String(text)
    }
  }
}
