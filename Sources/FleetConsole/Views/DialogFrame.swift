internal import FleetCore
internal import Terminal

/// The shape all dialogs share: fields and text above, buttons in the last row, which stays whatever the height.
struct DialogFrame {
  let theme: Theme
  var title: String
  var body: [Line] = []
  var buttons: [String] = []
  var focus: Int?
  var hint: [Span] = []
  var border = Role.key

  enum Line {
    case text([Span])
    case wrapped(String, Role)
    case field(label: String, value: String, hasFocus: Bool)
    case input(label: String, TextInput, hasFocus: Bool)
  }

  func draw(into buffer: inout Buffer) {
    let width = min(78, max(1, buffer.size.width - 4))
    let rows = body.flatMap { flattened($0, width: width) }
    let hasButtons = !buttons.isEmpty
    let box = Box(border: theme(border), title: [Span(title, theme(.title))], footer: hint)
    let inside = Dialog.draw(
      box,
      width: width,
      lines: rows.count + (hasButtons ? 1 : 0),
      background: theme(.text),
      of: &buffer
    )
    let room = inside.height - (hasButtons ? 1 : 0)
    // In a very low dialog the field with the focus shows, not the first line.
    let focused = rows.firstIndex { $0.hasFocus }
    let visible = ScrollWindow.visible(count: rows.count, height: room, selected: focused ?? 0)
    for (offset, index) in visible.enumerated() {
      draw(rows[index], x: inside.x, y: inside.y + offset, width: inside.width, &buffer)
    }
    if hasButtons {
      Dialog.buttons(
        buttons,
        focus: focus,
        y: inside.bottom - 1,
        in: inside,
        normal: theme(.text),
        focused: theme(.selection).adding(.bold),
        of: &buffer
      )
    }
  }

  private struct Row {
    var spans: [Span] = []
    var input: (label: String, TextInput)?
    var hasFocus = false
  }

  private func flattened(_ line: Line, width: Int) -> [Row] {
    switch line {
    case .text(let spans): return [Row(spans: spans)]
    case .wrapped(let text, let role):
      return Glyphs.wrapped(text, to: width).map { Row(spans: [Span($0, theme(role))]) }
    case .field(let label, let value, let hasFocus):
      let style = hasFocus ? theme(.selection).adding(.bold) : theme(.text)
      let text = hasFocus ? "◂ \(value) ▸" : "  \(value)  "
      return [Row(spans: [Span(padded(label), theme(.muted)), Span(text, style)], hasFocus: hasFocus)]
    case .input(let label, let input, let hasFocus):
      return [Row(spans: [Span(padded(label), theme(.muted))], input: (label, input), hasFocus: hasFocus)]
    }
  }

  private func draw(_ row: Row, x: Int, y: Int, width: Int, _ buffer: inout Buffer) {
    let after = buffer.write(row.spans, x: x, y: y, limit: width)
    guard let (_, input) = row.input else { return }
    let style = row.hasFocus ? theme(.selection) : theme(.text).adding(.underline)
    input.draw(x: after, y: y, width: x + width - after, style: style, hasFocus: row.hasFocus, of: &buffer)
  }

  private func padded(_ label: String) -> String {
    label + String(repeating: " ", count: max(1, 10 - Glyphs.width(of: label)))
  }
}
