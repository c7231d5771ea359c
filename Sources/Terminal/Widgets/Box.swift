/// A frame with what belongs to it in its border: title above, keys and counts below, so no row is spent on them.
package struct Box {
  package var border: Style
  package var title: [Span]
  package var titleEnd: [Span]
  package var footer: [Span]
  package var footerEnd: [Span]

  package init(
    border: Style,
    title: [Span] = [],
    titleEnd: [Span] = [],
    footer: [Span] = [],
    footerEnd: [Span] = []
  ) {
    self.border = border
    self.title = title
    self.titleEnd = titleEnd
    self.footer = footer
    self.footerEnd = footerEnd
  }

  /// Draws it and gives the room inside. Smaller than 2x2 there is no frame, and all the room is inside.
  @discardableResult
  package func draw(in rect: Rect, of buffer: inout Buffer) -> Rect {
    guard rect.width >= 2, rect.height >= 2 else { return rect }
    for x in rect.x + 1..<max(rect.x + 1, rect.right - 1) {
      buffer.put("─", x: x, y: rect.y, style: border)
      buffer.put("─", x: x, y: rect.bottom - 1, style: border)
    }
    for y in rect.y..<rect.bottom {
      buffer.put("│", x: rect.x, y: y, style: border)
      buffer.put("│", x: rect.right - 1, y: y, style: border)
    }
    buffer.put("╭", x: rect.x, y: rect.y, style: border)
    buffer.put("╮", x: rect.right - 1, y: rect.y, style: border)
    buffer.put("╰", x: rect.x, y: rect.bottom - 1, style: border)
    buffer.put("╯", x: rect.right - 1, y: rect.bottom - 1, style: border)
    line(title, end: titleEnd, y: rect.y, in: rect, of: &buffer)
    line(footer, end: footerEnd, y: rect.bottom - 1, in: rect, of: &buffer)
    return rect.inset(horizontally: 1, vertically: 1)
  }

  private func line(_ start: [Span], end: [Span], y: Int, in rect: Rect, of buffer: inout Buffer) {
    let room = rect.width - 4
    guard room >= 3 else { return }
    let endWidth = end.isEmpty || end.width + 2 > room ? 0 : end.width + 2
    if endWidth > 0 {
      let x = rect.right - 2 - endWidth
      let after = buffer.write(end, x: x + 1, y: y)
      buffer.put(" ", x: x, y: y, style: border)
      buffer.put(" ", x: after, y: y, style: border)
    }
    let startRoom = room - endWidth - (endWidth > 0 ? 1 : 0) - 2
    guard !start.isEmpty, startRoom > 0 else { return }
    buffer.put(" ", x: rect.x + 2, y: y, style: border)
    let after = buffer.write(start, x: rect.x + 3, y: y, limit: startRoom)
    buffer.put(" ", x: after, y: y, style: border)
  }
}
