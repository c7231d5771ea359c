internal import FleetCore
internal import Terminal

/// What happened, newest first.
struct EventsView {
  let state: FleetState
  let theme: Theme

  static func spans(_ event: FleetEvent, state: FleetState, theme: Theme) -> [Span] {
    let mark = Mark.of(event.weight)
    var spans = [
      Span(Format.clock(event.date, utcOffset: state.utcOffset) + " ", theme(.muted)),
      Span(mark.glyph + " ", theme(mark.role)),
    ]
    if let node = event.node { spans.append(Span("\(node) ", theme(.title))) }
    return spans + [Span(event.text, event.weight == .neutral ? theme(.text) : theme(mark.role))]
  }

  /// The scroll at which the oldest event shows.
  static func lastScroll(_ state: FleetState, height: Int) -> Int {
    max(0, state.log.events.count + 2 - (height > 16 ? height - 4 : height))
  }

  func draw(scroll: Int, into buffer: inout Buffer) {
    let events = state.log.events
    let rect = buffer.bounds.inset(
      horizontally: buffer.size.width > 60 ? 4 : 0,
      vertically: buffer.size.height > 16 ? 2 : 0
    )
    buffer.fill(rect, with: Cell(" ", theme(.text)))
    let box = Box(
      border: theme(.key),
      title: [Span("events ", theme(.title)), Span("[\(events.count)]", theme(.muted))],
      footer: [
        Span("↑↓", theme(.key)), Span(" scroll  ", theme(.muted)), Span("esc", theme(.key)),
        Span(" close", theme(.muted)),
      ]
    )
    let inside = box.draw(in: rect, of: &buffer).inset(horizontally: 1, vertically: 0)
    list(in: inside, scroll: scroll, of: &buffer)
  }

  /// The part of the fleet page under the charts, where there is room for one.
  func drawPanel(in rect: Rect, of buffer: inout Buffer) {
    let inside = Box(border: theme(.border), title: [Span("events", theme(.title))]).draw(in: rect, of: &buffer)
    list(in: inside.inset(horizontally: 1, vertically: 0), scroll: 0, of: &buffer)
  }

  private func list(in rect: Rect, scroll: Int, of buffer: inout Buffer) {
    let newestFirst = state.log.events.reversed().dropFirst(min(scroll, max(0, state.log.events.count - rect.height)))
    for (offset, event) in newestFirst.prefix(rect.height).enumerated() {
      buffer.write(Self.spans(event, state: state, theme: theme), x: rect.x, y: rect.y + offset, limit: rect.width)
    }
    if state.log.events.isEmpty {
      buffer.write("nothing has happened yet", x: rect.x, y: rect.y, style: theme(.muted), limit: rect.width)
    }
  }
}
