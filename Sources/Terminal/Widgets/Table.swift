/// Rows under column titles. Columns that do not fit go by priority, so a narrow screen keeps what matters.
package struct Table {
  package enum Alignment: Sendable { case left, right }

  package struct Column: Sendable {
    package var title: String
    package var alignment: Alignment
    /// Least width; the columns with a `growth` share what is left over, up to their `maximum`.
    package var width: Int
    package var growth: Int
    package var maximum: Int
    /// Higher ones leave first; 0 stays always.
    package var priority: Int
    /// Columns of blank before this one.
    package var gap: Int

    package init(
      _ title: String,
      width: Int,
      alignment: Alignment = .left,
      growth: Int = 0,
      maximum: Int = .max,
      priority: Int = 0,
      gap: Int = 2
    ) {
      self.title = title
      self.alignment = alignment
      self.width = width
      self.growth = growth
      self.maximum = maximum
      self.priority = priority
      self.gap = gap
    }
  }

  package struct Row {
    /// One line of spans for each column of the table, shown or not.
    package var cells: [[Span]]
    package var isSelected: Bool

    package init(cells: [[Span]], isSelected: Bool = false) {
      self.cells = cells
      self.isSelected = isSelected
    }
  }

  package var columns: [Column]
  package var header: Style
  /// Column whose title is drawn in `sorted` style, with `sortMark` after it.
  package var sortedColumn: Int?
  package var sorted: Style
  package var sortMark: String
  package var selection: Style

  package init(
    columns: [Column],
    header: Style,
    sortedColumn: Int? = nil,
    sorted: Style = .plain,
    sortMark: String = "↓",
    selection: Style
  ) {
    self.columns = columns
    self.header = header
    self.sortedColumn = sortedColumn
    self.sorted = sorted
    self.sortMark = sortMark
    self.selection = selection
  }

  /// Which columns fit into the width, and where they lie.
  package func layout(width: Int) -> [(index: Int, x: Int, width: Int)] {
    var kept = Array(columns.indices)
    func needed() -> Int {
      kept.enumerated().reduce(0) { $0 + columns[$1.element].width + ($1.offset == 0 ? 0 : columns[$1.element].gap) }
    }
    while kept.count > 1, needed() > width {
      guard
        let last = kept.indices.max(by: { (columns[kept[$0]].priority, $0) < (columns[kept[$1]].priority, $1) }),
        columns[kept[last]].priority > 0
      else { break }
      kept.remove(at: last)
    }
    var widths = Dictionary(uniqueKeysWithValues: kept.map { ($0, columns[$0].width) })
    var spare = max(0, width - needed())
    while spare > 0 {
      let growing = kept.filter { columns[$0].growth > 0 && (widths[$0] ?? 0) < columns[$0].maximum }
      guard !growing.isEmpty else { break }
      // Those without a maximum take what the others leave.
      let bounded = growing.filter { columns[$0].maximum < .max }
      let next = bounded.isEmpty ? growing : bounded
      for index in next where spare > 0 {
        let step = min(columns[index].growth, spare)
        widths[index, default: 0] += step
        spare -= step
      }
    }
    var x = 0
    return kept.enumerated().compactMap { offset, index in
      if offset > 0 { x += columns[index].gap }
      let wide = min(widths[index] ?? 0, max(0, width - x))
      defer { x += wide }
      return wide > 0 ? (index, x, wide) : nil
    }
  }

  /// Draws titles and rows; rows past the bottom are left out.
  package func draw(_ rows: [Row], in rect: Rect, of buffer: inout Buffer) {
    guard !rect.isEmpty else { return }
    let places = layout(width: rect.width)
    for place in places {
      let column = columns[place.index]
      let isSorted = place.index == sortedColumn
      let title = [Span(isSorted ? column.title + sortMark : column.title, isSorted ? sorted : header)]
      write(title, alignment: column.alignment, place: place, y: rect.y, in: rect, of: &buffer)
    }
    for (offset, row) in rows.enumerated() {
      let y = rect.y + 1 + offset
      guard y < rect.bottom else { break }
      for place in places where place.index < row.cells.count {
        write(
          row.cells[place.index],
          alignment: columns[place.index].alignment,
          place: place,
          y: y,
          in: rect,
          of: &buffer
        )
      }
      if row.isSelected {
        buffer.restyle(Rect(x: rect.x, y: y, width: rect.width, height: 1)) { style in
          Style(
            foreground: style.foreground,
            background: selection.background,
            attributes: style.attributes.union(selection.attributes)
          )
        }
      }
    }
  }

  private func write(
    _ spans: [Span],
    alignment: Alignment,
    place: (index: Int, x: Int, width: Int),
    y: Int,
    in rect: Rect,
    of buffer: inout Buffer
  ) {
    let shift = alignment == .right ? max(0, place.width - spans.width) : 0
    buffer.write(spans, x: rect.x + place.x + shift, y: y, limit: place.width - shift)
  }
}
