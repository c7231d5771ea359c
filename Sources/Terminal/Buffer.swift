/// One glyph of width 1 and its style.
package struct Cell: Hashable, Sendable {
  package var glyph: Unicode.Scalar
  package var style: Style

  package init(_ glyph: Unicode.Scalar = " ", _ style: Style = .plain) {
    self.glyph = glyph
    self.style = style
  }
}

/// A screen's worth of cells that views write into. Writes outside of it are cut off, never an error.
package struct Buffer: Hashable, Sendable {
  package let size: Size
  package private(set) var cells: [Cell]
  /// Where the terminal's cursor shows; nil hides it.
  package var cursor: Point?

  package init(size: Size, style: Style = .plain) {
    self.size = size
    cells = [Cell](repeating: Cell(" ", style), count: size.width * size.height)
  }

  package var bounds: Rect { Rect(size) }

  /// The cell there; nil outside.
  package subscript(x: Int, y: Int) -> Cell? {
    guard x >= 0, y >= 0, x < size.width, y < size.height else { return nil }
    return cells[y * size.width + x]
  }

  package mutating func put(_ glyph: Unicode.Scalar, x: Int, y: Int, style: Style) {
    guard x >= 0, y >= 0, x < size.width, y < size.height else { return }
    cells[y * size.width + x] = Cell(glyph, style)
  }

  /// Writes one line and gives the column after it. Longer than `limit` columns ends with `…`.
  @discardableResult
  package mutating func write(_ text: String, x: Int, y: Int, style: Style, limit: Int = .max) -> Int {
    guard limit > 0 else { return x }
    let fits = Glyphs.width(of: text) <= limit
    var column = x
    for scalar in text.unicodeScalars {
      guard let glyph = Glyphs.glyph(for: scalar) else { continue }
      if !fits, column == x + limit - 1 {
        put("…", x: column, y: y, style: style)
        return column + 1
      }
      put(glyph, x: column, y: y, style: style)
      column += 1
    }
    return column
  }

  /// Writes spans one after the other and gives the column after them.
  @discardableResult
  package mutating func write(_ spans: [Span], x: Int, y: Int, limit: Int = .max) -> Int {
    var column = x
    let end = limit == .max ? Int.max : x + limit
    for span in spans {
      guard column < end else { break }
      column = write(span.text, x: column, y: y, style: span.style, limit: end == .max ? .max : end - column)
    }
    return column
  }

  package mutating func fill(_ rect: Rect, with cell: Cell) {
    let part = rect.intersection(bounds)
    guard !part.isEmpty else { return }
    for y in part.y..<part.bottom {
      for x in part.x..<part.right { cells[y * size.width + x] = cell }
    }
  }

  /// Changes styles and leaves the glyphs.
  package mutating func restyle(_ rect: Rect, _ change: (Style) -> Style) {
    let part = rect.intersection(bounds)
    guard !part.isEmpty else { return }
    for y in part.y..<part.bottom {
      for x in part.x..<part.right {
        let index = y * size.width + x
        cells[index].style = change(cells[index].style)
      }
    }
  }

  /// The glyphs, line by line, without trailing spaces: what tests compare.
  package var text: String {
    (0..<size.height).map { y in
      var line = String.UnicodeScalarView()
      line.append(contentsOf: cells[(y * size.width)..<((y + 1) * size.width)].map(\.glyph))
      var text = Substring(String(line))
      while text.last == " " { text.removeLast() }
      return String(text)
    }.joined(separator: "\n")
  }
}
