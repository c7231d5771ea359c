internal import FleetCore
internal import Terminal

/// Why a node is as it is: what its rules say and from what they were told, what was done to it before, how its siblings are, and what
/// a person can do.
struct WhyView {
  let state: FleetState
  let theme: Theme
  let name: NodeName

  private static let hints: [Action.ID] = [.back, .open, .drain, .undrain, .rollback, .alerts, .events, .help, .quit]

  /// The scroll at which the last line shows; 0 while the screen's size is unknown.
  static func lastScroll(_ state: FleetState) -> Int {
    guard case .why(let name) = state.interface.page, let why = Why(name, in: state), let size = state.interface.size
    else { return 0 }
    let lines = WhyView(state: state, theme: .monochrome, name: name).lines(why, width: size.width - 4)
    return max(0, lines.count - (size.height - 4))
  }

  func draw(into buffer: inout Buffer) {
    let size = buffer.size
    HeaderLine(state: state, theme: theme).draw(y: 0, into: &buffer)
    guard let why = Why(name, in: state) else {
      buffer.write("no node '\(name)'", x: 1, y: 1, style: theme(.critical), limit: size.width - 1)
      return
    }
    let mark = Mark.of(why.condition)
    let box = Box(
      border: theme(.border),
      title: [Span("why \(name) is ", theme(.title)), Span(mark.text, theme(mark.role))],
      titleEnd: [Span("news \(Format.age(why.ageSeconds)) old", theme(.muted))],
      footer: Hints.spans(Self.hints, state, theme, width: size.width - 8)
    )
    let room = Rect(x: 0, y: 1, width: size.width, height: size.height - 2)
    let inside = box.draw(in: room, of: &buffer).inset(horizontally: 1, vertically: 0)
    let lines = lines(why, width: inside.width)
    let first = min(state.interface.pageScroll, max(0, lines.count - inside.height))
    for (offset, line) in lines.dropFirst(first).prefix(inside.height).enumerated() {
      buffer.write(line, x: inside.x, y: inside.y + offset, limit: inside.width)
    }
    BottomLine(state: state, theme: theme).draw(y: size.height - 1, into: &buffer)
  }

  private func lines(_ why: Why, width: Int) -> [[Span]] {
    let text = WhyText(state: state, theme: theme, why: why)
    let summary = Glyphs.wrapped(why.summary, to: width).map { [Span($0, theme(Mark.of(why.condition).role))] }
    return summary + [[]]
      + text.parts.filter { !$0.lines.isEmpty }.flatMap { part in
        [[Span(part.title, theme(.title))]] + part.lines.flatMap { wrapped($0, to: width) } + [[]]
      }
  }

  /// The last part of a line that is too long goes on under itself.
  private func wrapped(_ line: [Span], to width: Int) -> [[Span]] {
    guard let last = line.last, line.width > width else { return [line] }
    let head = Array(line.dropLast())
    guard head.width < width - 10 else { return [line] }
    let blank = Span(String(repeating: " ", count: head.width), last.style)
    return Glyphs.wrapped(last.text, to: width - head.width).enumerated().map { index, text in
      (index == 0 ? head : [blank]) + [Span(text, last.style)]
    }
  }
}
