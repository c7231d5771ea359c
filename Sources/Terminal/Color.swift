/// What a terminal can show. Ordered: each step keeps less.
package enum ColorDepth: Int, Comparable, Sendable {
  case monochrome, ansi16, indexed256, rgb

  package static func < (left: ColorDepth, right: ColorDepth) -> Bool { left.rawValue < right.rawValue }
}

package enum Color: Hashable, Sendable {
  /// The terminal's own foreground or background.
  case standard
  /// 0...15 the terminal's named colours, 16...255 the fixed cube and greys of xterm.
  case indexed(UInt8)
  case rgb(red: UInt8, green: UInt8, blue: UInt8)

  /// The nearest colour that a terminal of that depth can show.
  package func reduced(to depth: ColorDepth) -> Color {
    switch (self, depth) {
    case (.standard, _), (_, .rgb): self
    case (_, .monochrome): .standard
    case (.indexed(let index), .indexed256): .indexed(index)
    case (.indexed(let index), .ansi16):
      index < 16 ? self : Color.indexed(Color.nearest(to: Color.components(of: index), among: 0..<16))
    case (.rgb(let red, let green, let blue), .indexed256):
      .indexed(Color.nearest(to: (Int(red), Int(green), Int(blue)), among: 16..<256))
    case (.rgb(let red, let green, let blue), .ansi16):
      .indexed(Color.nearest(to: (Int(red), Int(green), Int(blue)), among: 0..<16))
    }
  }

  /// Red, green and blue of a palette entry. 16 and up are fixed (xterm's 6x6x6 cube, then 24 greys); the first 16 are
  /// xterm's defaults, which users may have changed.
  package static func components(of index: UInt8) -> (Int, Int, Int) {
    let index = Int(index)
    if index < 16 {
      let named: [(Int, Int, Int)] = [
        (0, 0, 0), (205, 0, 0), (0, 205, 0), (205, 205, 0), (0, 0, 238), (205, 0, 205), (0, 205, 205), (229, 229, 229),
        (127, 127, 127), (255, 0, 0), (0, 255, 0), (255, 255, 0), (92, 92, 255), (255, 0, 255), (0, 255, 255),
        (255, 255, 255),
      ]
      return named[index]
    }
    if index >= 232 {
      let grey = 8 + (index - 232) * 10
      return (grey, grey, grey)
    }
    let levels = [0, 95, 135, 175, 215, 255]
    let cube = index - 16
    return (levels[cube / 36], levels[cube / 6 % 6], levels[cube % 6])
  }

  /// Weighted squared distance after https://www.compuphase.com/cmetric.htm, which is near enough to how eyes see.
  private static func nearest(to color: (Int, Int, Int), among candidates: Range<Int>) -> UInt8 {
    func distance(_ index: Int) -> Int {
      let other = components(of: UInt8(index))
      let mean = (color.0 + other.0) / 2
      let (red, green, blue) = (color.0 - other.0, color.1 - other.1, color.2 - other.2)
      return (((512 + mean) * red * red) >> 8) + 4 * green * green + (((767 - mean) * blue * blue) >> 8)
    }
    return UInt8(candidates.min { distance($0) < distance($1) } ?? candidates.lowerBound)
  }
}
