/// A box in the middle of the screen over what lies behind it.
package enum Dialog {
  /// Clears room for `lines` rows of content and draws the frame; gives the room inside, with a column of blank at each side.
  package static func draw(_ box: Box, width: Int, lines: Int, background: Style, of buffer: inout Buffer) -> Rect {
    let rect = Layout.centered(width: width + 4, height: lines + 2, in: buffer.bounds)
    buffer.fill(rect, with: Cell(" ", background))
    let inside = box.draw(in: rect, of: &buffer)
    return rect.width >= 2 && rect.height >= 2 ? inside.inset(horizontally: 1, vertically: 0) : inside
  }

  /// Buttons in a row; the focused one is bracketed as well as coloured, for screens without colours.
  package static func buttons(
    _ titles: [String],
    focus: Int?,
    y: Int,
    in rect: Rect,
    normal: Style,
    focused: Style,
    of buffer: inout Buffer
  ) {
    guard rect.y <= y, y < rect.bottom else { return }
    var x = rect.x
    for (index, title) in titles.enumerated() {
      let isFocused = index == focus
      let text = isFocused ? "[ \(title) ]" : "  \(title)  "
      guard x < rect.right else { break }
      x = buffer.write(text, x: x, y: y, style: isFocused ? focused : normal, limit: rect.right - x) + 1
    }
  }
}
