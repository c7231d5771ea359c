internal import FleetCore
internal import Terminal

/// Every action with its keys and its command, out of the registry, and what the marks mean.
struct HelpView {
  let theme: Theme

  /// The scroll at which the last line shows.
  static func lastScroll(height: Int) -> Int { max(0, HelpView(theme: .monochrome).lines.count + 2 - height) }

  func draw(scroll: Int, into buffer: inout Buffer) {
    let width = min(92, buffer.size.width - (buffer.size.width > 60 ? 4 : 0))
    let rect = Layout.centered(width: width, height: min(buffer.size.height, lines.count + 2), in: buffer.bounds)
    buffer.fill(rect, with: Cell(" ", theme(.text)))
    let box = Box(
      border: theme(.key),
      title: [Span("help", theme(.title))],
      footer: [
        Span("↑↓", theme(.key)), Span(" scroll  ", theme(.muted)), Span("esc", theme(.key)),
        Span(" close", theme(.muted)),
      ]
    )
    let inside = box.draw(in: rect, of: &buffer).inset(horizontally: 1, vertically: 0)
    let first = min(scroll, max(0, lines.count - inside.height))
    for (offset, line) in lines.dropFirst(first).prefix(inside.height).enumerated() {
      buffer.write(line, x: inside.x, y: inside.y + offset, limit: inside.width)
    }
  }

  private var lines: [[Span]] {
    var lines: [[Span]] = []
    for action in ActionRegistry.all {
      let key = action.label + String(repeating: " ", count: max(1, 9 - Glyphs.width(of: action.label)))
      lines.append([Span(key, theme(.key)), Span(action.help, theme(.text))])
      if let command = action.command { lines.append([Span("         \(command)", theme(.muted))]) }
    }
    lines.append([])
    let marks = Condition.allCases.map { Mark.of($0) }
    lines.append(marks.flatMap { [Span("\($0.text)  ", theme($0.role))] })
    lines.append([
      Span("▶ serving  ", theme(.text)), Span("▽ draining  ▣ drained  ", theme(.accent)),
      Span("↻ engine on its way back  ⚑ injected fault", theme(.warning)),
    ])
    for text in [
      "~6.1 is an estimate   ≥6.1 lacks a node's part   – is unknown; its page says why",
      "rates and percentiles are of the last 10 s; a store's come from merged histograms",
      "age: seconds since the node's last word; over 5 s it counts as unreachable",
    ] {
      lines.append([Span(text, theme(.muted))])
    }
    return lines
  }
}
