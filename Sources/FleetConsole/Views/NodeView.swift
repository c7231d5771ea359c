internal import FleetCore
internal import FoundationEssentials
internal import Terminal

/// One node, everything that is known of it, and for what is not known the reason.
struct NodeView {
  let state: FleetState
  let theme: Theme
  let name: NodeName

  private static let hints: [Action.ID] = [.back, .push, .drain, .undrain, .rollback, .theme, .events, .help, .quit]

  static func lineCount(_ state: FleetState) -> Int {
    guard case .node(let name) = state.interface.page, let node = state.node(name) else { return 1 }
    return NodeFacts(state: state, theme: .monochrome, node: node).blocks.reduce(0) { $0 + $1.lines.count + 2 }
  }

  func draw(into buffer: inout Buffer) {
    let size = buffer.size
    HeaderLine(state: state, theme: theme).draw(y: 0, into: &buffer)
    let room = Rect(x: 0, y: 1, width: size.width, height: size.height - 2)
    guard let node = state.node(name) else {
      buffer.write("no node '\(name)'", x: 1, y: 1, style: theme(.critical), limit: size.width - 1)
      return
    }
    let blocks = NodeFacts(state: state, theme: theme, node: node).blocks
    let columns = size.width >= 150 ? 3 : size.width >= 100 ? 2 : 1
    let stacks = distribute(blocks, into: columns)
    let tallest = stacks.map { $0.reduce(0) { $0 + $1.lines.count + 2 } }.max() ?? 0
    var charts = ChartRow.height(within: room.height - tallest - 2)
    if charts == 0, room.height >= 28 { charts = ChartRow.leastHeight }
    let parts = Layout.rows(room, [.share(1), .fixed(charts)])
    let mark = Mark.of(node.condition(at: state.now))
    let box = Box(
      border: theme(.border),
      title: [Span("\(name) ", theme(.title)), Span(mark.text, theme(mark.role))],
      titleEnd: [Span("news \(Format.age(node.age(at: state.now))) old", theme(.muted))],
      footer: Hints.spans(Self.hints, state, theme, width: size.width - 8)
    )
    let inside = box.draw(in: parts[0], of: &buffer).inset(horizontally: 1, vertically: 0)
    let gaps = Layout.columns(inside, [Extent](repeating: .share(1), count: columns))
    for (stack, part) in zip(stacks, gaps) { draw(stack, in: part, of: &buffer) }
    if charts > 0 {
      ChartRow(state: state, theme: theme, nodes: [node], title: name.description).draw(in: parts[1], of: &buffer)
    }
    BottomLine(state: state, theme: theme).draw(y: size.height - 1, into: &buffer)
  }

  private func draw(_ blocks: [NodeFacts.Block], in rect: Rect, of buffer: inout Buffer) {
    var lines: [[Span]] = []
    for block in blocks {
      lines.append([Span(block.title, theme(.key))])
      for line in block.lines { lines += wrapped(line, to: rect.width - 1) }
      lines.append([])
    }
    let first = min(state.interface.pageScroll, max(0, lines.count - 1 - rect.height))
    for (offset, line) in lines.dropFirst(max(0, first)).prefix(rect.height).enumerated() {
      buffer.write(line, x: rect.x, y: rect.y + offset, limit: rect.width - 1)
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
