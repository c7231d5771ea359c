internal import FleetCore
internal import FoundationEssentials
internal import Terminal

/// One node, everything that is known of it, and for what is not known the reason.
struct NodeView {
  let state: FleetState
  let theme: Theme
  let name: NodeName

  private static let hints: [Action.ID] = [
    .back, .why, .push, .drain, .undrain, .rollback, .alerts, .jobs, .theme, .events, .help, .quit,
  ]

  /// The scroll at which the longest column shows its last line; 0 while the screen's size is unknown.
  static func lastScroll(_ state: FleetState) -> Int {
    guard case .node(let name) = state.interface.page, let node = state.node(name), let size = state.interface.size
    else { return 0 }
    let layout = NodeView(state: state, theme: .monochrome, name: name).layout(node, size)
    return layout.columns.map { lastScroll(of: $0.lines.count, in: $0.rect) }.max() ?? 0
  }

  private static func lastScroll(of lines: Int, in rect: Rect) -> Int { max(0, lines - 1 - rect.height) }

  /// Where the box, the columns of text in it and the charts lie.
  private func layout(_ node: NodeState, _ size: Size) -> (
    box: Rect, columns: [(rect: Rect, lines: [[Span]])], charts: Rect
  ) {
    let room = Rect(x: 0, y: 1, width: size.width, height: size.height - 2)
    let count = size.width >= 150 ? 3 : size.width >= 100 ? 2 : 1
    let stacks = distribute(NodeFacts(state: state, theme: theme, node: node).blocks, into: count)
    let tallest = stacks.map { $0.reduce(0) { $0 + $1.lines.count + 2 } }.max() ?? 0
    var charts = ChartRow.height(within: room.height - tallest - 2)
    if charts == 0, room.height >= 28 { charts = ChartRow.leastHeight }
    let parts = Layout.rows(room, [.share(1), .fixed(charts)])
    let inside = parts[0].inset(horizontally: 2, vertically: 1)
    let rects = Layout.columns(inside, [Extent](repeating: .share(1), count: count))
    return (parts[0], zip(stacks, rects).map { ($1, lines($0, width: $1.width - 1)) }, parts[1])
  }

  func draw(into buffer: inout Buffer) {
    let size = buffer.size
    HeaderLine(state: state, theme: theme).draw(y: 0, into: &buffer)
    guard let node = state.node(name) else {
      buffer.write("no node '\(name)'", x: 1, y: 1, style: theme(.critical), limit: size.width - 1)
      return
    }
    let layout = layout(node, size)
    let mark = Mark.of(node.condition(at: state.now))
    let box = Box(
      border: theme(.border),
      title: [Span("\(name) ", theme(.title)), Span(mark.text, theme(mark.role))],
      titleEnd: [Span("news \(Format.age(node.age(at: state.now))) old", theme(.muted))],
      footer: Hints.spans(Self.hints, state, theme, width: size.width - 8)
    )
    _ = box.draw(in: layout.box, of: &buffer)
    for (rect, lines) in layout.columns {
      let first = min(state.interface.pageScroll, Self.lastScroll(of: lines.count, in: rect))
      for (offset, line) in lines.dropFirst(first).prefix(rect.height).enumerated() {
        buffer.write(line, x: rect.x, y: rect.y + offset, limit: rect.width - 1)
      }
    }
    if !layout.charts.isEmpty {
      ChartRow(state: state, theme: theme, nodes: [node], title: name.description).draw(in: layout.charts, of: &buffer)
    }
    BottomLine(state: state, theme: theme).draw(y: size.height - 1, into: &buffer)
  }

  private func lines(_ blocks: [NodeFacts.Block], width: Int) -> [[Span]] {
    blocks.flatMap { block in
      [[Span(block.title, theme(.key))]] + block.lines.flatMap { wrapped($0, to: width) } + [[]]
    }
  }

  /// Reasons are read to their end: a long value goes on under itself.
  private func wrapped(_ line: [Span], to width: Int) -> [[Span]] {
    guard line.count == 2, line.width > width, line[0].width < width - 10 else { return [line] }
    let blank = Span(String(repeating: " ", count: line[0].width), line[0].style)
    return Glyphs.wrapped(line[1].text, to: width - line[0].width).enumerated().map { index, text in
      [index == 0 ? line[0] : blank, Span(text, line[1].style)]
    }
  }

  /// Blocks in reading order, each put into the shortest column so far.
  private func distribute(_ blocks: [NodeFacts.Block], into columns: Int) -> [[NodeFacts.Block]] {
    var stacks = [[NodeFacts.Block]](repeating: [], count: columns)
    var heights = [Int](repeating: 0, count: columns)
    for block in blocks {
      let column = heights.indices.min { heights[$0] < heights[$1] } ?? 0
      stacks[column].append(block)
      heights[column] += block.lines.count + 2
    }
    return stacks
  }
}
