/// Lines over time in braille dots, two across and four down to a cell, with the values of its axis at the left.
package struct LineChart {
  package struct Series {
    /// Oldest first, one for each dot across, aligned at the right; nil where nothing is known, which leaves a gap.
    package var values: [Double?]
    package var style: Style

    package init(values: [Double?], style: Style) {
      self.values = values
      self.style = style
    }
  }

  package var series: [Series]
  package var range: ClosedRange<Double>
  /// A line across, such as a limit that should not be passed.
  package var limit: Double?
  package var axis: Style
  package var limitStyle: Style
  /// Under the left end and the right end of the time axis.
  package var startLabel: String
  package var endLabel: String

  package init(
    series: [Series],
    range: ClosedRange<Double>,
    limit: Double? = nil,
    axis: Style,
    limitStyle: Style = .plain,
    startLabel: String = "",
    endLabel: String = ""
  ) {
    self.series = series
    self.range = range
    self.limit = limit
    self.axis = axis
    self.limitStyle = limitStyle
    self.startLabel = startLabel
    self.endLabel = endLabel
  }

  /// The columns of cells left for the lines in a chart of that width.
  package func plotWidth(in width: Int) -> Int {
    max(0, width - labelWidth - 1)
  }

  private var labelWidth: Int {
    max(4, Glyphs.width(of: Self.label(range.upperBound)), Glyphs.width(of: Self.label(range.lowerBound)))
  }

  package func draw(in rect: Rect, of buffer: inout Buffer) {
    guard rect.height >= 2, rect.width >= labelWidth + 3 else { return }
    let plot = Rect(
      x: rect.x + labelWidth + 1,
      y: rect.y,
      width: rect.width - labelWidth - 1,
      height: rect.height - 1
    )
    drawAxes(plot: plot, rect: rect, of: &buffer)
    if let limit, range.contains(limit) {
      let row = plot.bottom - 1 - dot(limit, plot.height * 4) / 4
      for x in plot.x..<plot.right where (x - plot.x).isMultiple(of: 2) {
        buffer.put("╌", x: x, y: row, style: limitStyle)
      }
    }
    for line in series { draw(line, in: plot, of: &buffer) }
  }

  private func drawAxes(plot: Rect, rect: Rect, of buffer: inout Buffer) {
    // Labels at even distances that fall on whole rows; the ends always.
    let gaps = max(1, plot.height - 1)
    let steps = [4, 5, 2, 3].first { gaps.isMultiple(of: $0) && gaps / $0 >= 2 } ?? 1
    for step in 0...(plot.height > 1 ? steps : 0) {
      let y = plot.bottom - 1 - gaps * step / steps
      let text = Self.label(range.lowerBound + (range.upperBound - range.lowerBound) * Double(step) / Double(steps))
      buffer.write(text, x: rect.x + labelWidth - Glyphs.width(of: text), y: y, style: axis)
    }
    for y in plot.y..<plot.bottom { buffer.put("┤", x: plot.x - 1, y: y, style: axis) }
    let endWidth = Glyphs.width(of: endLabel)
    let startWidth = Glyphs.width(of: startLabel)
    if startWidth + endWidth + 1 <= plot.width {
      buffer.write(startLabel, x: plot.x, y: plot.bottom, style: axis)
      buffer.write(endLabel, x: plot.right - endWidth, y: plot.bottom, style: axis)
    } else if endWidth <= plot.width {
      buffer.write(endLabel, x: plot.right - endWidth, y: plot.bottom, style: axis)
    }
  }

  private func dot(_ value: Double, _ dots: Int) -> Int {
    let span = range.upperBound - range.lowerBound
    guard span > 0, value.isFinite, dots > 0 else { return 0 }
    return min(max(Int(((value - range.lowerBound) / span * Double(dots - 1)).rounded()), 0), dots - 1)
  }

  private func draw(_ line: Series, in plot: Rect, of buffer: inout Buffer) {
    let across = plot.width * 2
    let down = plot.height * 4
    var masks = [UInt8](repeating: 0, count: plot.width * plot.height)
    func light(_ x: Int, _ up: Int) {
      let y = down - 1 - up
      masks[y / 4 * plot.width + x / 2] |= Self.bits[y % 4][x % 2]
    }
    let values = line.values.suffix(across)
    var x = across - values.count
    var last: Int?
    for value in values {
      defer { x += 1 }
      guard let value else {
        last = nil
        continue
      }
      let height = dot(value, down)
      light(x, height)
      // Joins to the dot before, so a jump is a line and not two islands.
      if let last, abs(last - height) > 1 {
        for between in min(last, height) + 1..<max(last, height) { light(x, between) }
      }
      last = height
    }
    for (index, mask) in masks.enumerated() where mask != 0 {
      let (cellX, cellY) = (plot.x + index % plot.width, plot.y + index / plot.width)
      // Where two lines share a cell both stay visible, in the later one's colour.
      let old = buffer[cellX, cellY]?.glyph.value ?? 0x20
      let merged = (0x2800...0x28FF).contains(old) ? UInt32(mask) | (old - 0x2800) : UInt32(mask)
      buffer.put(Unicode.Scalar(0x2800 + merged) ?? " ", x: cellX, y: cellY, style: line.style)
    }
  }

  /// Dots of a braille cell: rows from the top, then left and right (Unicode 15, chapter 21, braille patterns).
  private static let bits: [[UInt8]] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]]

  /// At most four significant characters, so that axes do not jump about.
  package static func label(_ value: Double) -> String {
    if value.magnitude >= 10_000 { return "\(Int((value / 1000).rounded()))k" }
    if value.magnitude >= 10 || value == value.rounded() { return "\(Int(value.rounded()))" }
    let tenths = Int((value * (value.magnitude < 1 ? 100 : 10)).rounded())
    let scale = value.magnitude < 1 ? 100 : 10
    let fraction = String(tenths.magnitude % UInt(scale))
    let padded = scale == 100 && fraction.count < 2 ? "0" + fraction : fraction
    return "\(value < 0 ? "-" : "")\(tenths.magnitude / UInt(scale)).\(padded)"
  }

  /// The least range from zero whose end is 1, 2, 4, 6 or 8 times a power of ten, which divides into short labels, and holds all the values.
  package static func niceRange(_ values: some Sequence<Double>, atLeast: Double) -> ClosedRange<Double> {
    let highest = max(atLeast, values.max() ?? 0)
    guard highest.isFinite, highest > 0 else { return 0...1 }
    var step = 1.0
    while step < highest { step *= 10 }
    while step / 10 >= highest { step /= 10 }
    for factor in [0.1, 0.2, 0.4, 0.6, 0.8, 1] where step * factor >= highest { return 0...(step * factor) }
    return 0...step
  }
}
