internal import FleetCore
internal import Terminal

/// A page that is one list, with a few lines about the selected one of it where there is room: alerts, jobs.
struct ListPage {
  let state: FleetState
  let theme: Theme
  /// What it is a list of, and what is said of all of them.
  let name: String
  let summary: Span
  /// How old the list is, or why it is not read.
  let age: [Span]
  let hints: [Action.ID]
  let columns: [Table.Column]
  /// How many there are, and the index of the selected one.
  let count: Int
  let selected: Int
  /// Stands in place of an empty list.
  let emptyText: String
  /// Lines about the selected one, and how high the box must be inside for them.
  let detailLines: Int
  let heightForDetail: Int

  /// Asks for the cells of those that are visible, and for the lines about the selected one.
  func draw(
    into buffer: inout Buffer,
    cells: (_ index: Int) -> [[Span]],
    detail: (_ index: Int, _ width: Int) -> [[Span]]
  ) {
    let size = buffer.size
    HeaderLine(state: state, theme: theme).draw(y: 0, into: &buffer)
    let box = Box(
      border: theme(.border),
      title: [
        Span("\(name) ", theme(.title)), Span("[\(count)]", theme(.muted)), Span(" ── ", theme(.border)), summary,
      ],
      titleEnd: age,
      footer: Hints.spans(hints, state, theme, width: size.width - 16),
      footerEnd: count == 0 ? [] : [Span("\(selected + 1)/\(count)", theme(.muted))]
    )
    let room = Rect(x: 0, y: 1, width: size.width, height: size.height - 2)
    let inside = box.draw(in: room, of: &buffer).inset(horizontally: 1, vertically: 0)
    let details = inside.height >= heightForDetail && count > 0 ? detailLines + 1 : 0
    let parts = Layout.rows(inside, [.share(1), .fixed(details)])
    draw(in: parts[0], of: &buffer, cells: cells)
    if details > 0 {
      for (offset, line) in detail(selected, parts[1].width).prefix(detailLines).enumerated() {
        buffer.write(line, x: parts[1].x, y: parts[1].y + 1 + offset, limit: parts[1].width)
      }
    }
    BottomLine(state: state, theme: theme).draw(y: size.height - 1, into: &buffer)
  }

  private func draw(in rect: Rect, of buffer: inout Buffer, cells: (_ index: Int) -> [[Span]]) {
    let table = Table(columns: columns, header: theme(.muted), selection: theme(.selection))
    let visible = ScrollWindow.visible(count: count, height: rect.height - 1, selected: selected)
    table.draw(visible.map { Table.Row(cells: cells($0), isSelected: $0 == selected) }, in: rect, of: &buffer)
    guard count == 0 else { return }
    buffer.write(emptyText, x: rect.x, y: rect.y + 1, style: theme(.muted), limit: rect.width)
  }
}
