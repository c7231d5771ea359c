import Testing

@testable import Terminal

@Suite struct WidgetTests {
  @Test func boxKeepsTitlesInItsBorder() {
    var buffer = Buffer(size: Size(width: 24, height: 3))
    let box = Box(
      border: .plain,
      title: [Span("nodes", .plain)],
      titleEnd: [Span("0 lost", .plain)],
      footer: [Span("q quit", .plain)],
      footerEnd: [Span("1/6", .plain)]
    )
    let inside = box.draw(in: buffer.bounds, of: &buffer)
    #expect(buffer.text == "╭─ nodes ───── 0 lost ─╮\n│                      │\n╰─ q quit ─────── 1/6 ─╯")
    #expect(inside == Rect(x: 1, y: 1, width: 22, height: 1))
  }

  @Test(arguments: [
    (0.0, "▯▯▯▯"), (0.01, "▮▯▯▯"), (0.5, "▮▮▯▯"), (0.99, "▮▮▮▯"), (1.0, "▮▮▮▮"), (7.0, "▮▮▮▮"), (.nan, "▯▯▯▯"),
  ])
  func meter(_ fraction: Double, _ shown: String) {
    #expect(Meter(full: .plain, empty: .plain).spans(fraction, width: 4).map(\.text).joined() == shown)
  }

  @Test func tableDropsColumnsByPriority() {
    let table = Table(
      columns: [.init("a", width: 4), .init("b", width: 4, priority: 2), .init("c", width: 4, growth: 1, priority: 1)],
      header: .plain,
      selection: .plain
    )
    #expect(table.layout(width: 20).map(\.index) == [0, 1, 2])
    #expect(table.layout(width: 20).map(\.width) == [4, 4, 8])
    #expect(table.layout(width: 12).map(\.index) == [0, 2])
    #expect(table.layout(width: 9).map(\.index) == [0])
    #expect(table.layout(width: 2).map(\.width) == [2])
  }

  @Test func chartDrawsLinesAndLeavesGaps() {
    var buffer = Buffer(size: Size(width: 11, height: 4))
    let chart = LineChart(
      series: [.init(values: [0, 10, nil, nil, 10, 10, 0, 0], style: .plain)],
      range: 0...10,
      axis: .plain,
      startLabel: "-1",
      endLabel: "0"
    )
    #expect(chart.plotWidth(in: 11) == 6)
    chart.draw(in: buffer.bounds, of: &buffer)
    #expect(buffer.text == "  10┤  ⢸ ⠉⡆\n    ┤  ⢸  ⡇\n   0┤  ⡸  ⣇\n     -1   0")
  }

  @Test(arguments: [([3.0, 9.8], 0.0...10.0), ([131], 0...200), ([0.03], 0...2), ([], 0...2), ([.infinity], 0...1)])
  func niceRanges(_ values: [Double], _ range: ClosedRange<Double>) {
    #expect(LineChart.niceRange(values, atLeast: 2) == range)
  }

  @Test(arguments: [(0.0, "0"), (2.5, "2.5"), (100, "100"), (12_500, "13k"), (0.05, "0.05"), (-1.5, "-1.5")])
  func axisLabels(_ value: Double, _ text: String) {
    #expect(LineChart.label(value) == text)
  }

  @Test func scrollingKeepsTheSelectionInSight() {
    for count in 0...30 {
      for height in 0...12 {
        for selected in 0..<max(1, count) {
          let visible = ScrollWindow.visible(count: count, height: height, selected: selected)
          #expect(visible.count == min(count, height))
          if !visible.isEmpty { #expect(visible.contains(selected)) }
        }
      }
    }
  }

  @Test func textInputEdits() {
    var input = TextInput("drain")
    var wasTaken: [Bool] = []
    for key in [Key.character("s"), .home, .character("X"), .right, .delete, .control("e"), .backspace] {
      wasTaken.append(input.handle(key))
    }
    #expect(input.text == "Xdain")
    for key in [Key.control("w"), .enter, .escape, .tab] { wasTaken.append(input.handle(key)) }
    #expect(input.text.isEmpty)
    #expect(wasTaken == [Bool](repeating: true, count: 8) + [false, false, false])
  }
}

@Suite struct LayoutTests {
  @Test func partsCoverTheWholeAndNeverOverlap() {
    let seed = UInt64.random(in: 0 ... .max)
    var random = SplitMix(seed: seed)
    for _ in 0..<2_000 {
      let total = Int.random(in: 0...120, using: &random)
      var extents = (0..<Int.random(in: 0...6, using: &random)).map { _ in
        Bool.random(using: &random)
          ? Extent.fixed(Int.random(in: -3...60, using: &random)) : .share(Int.random(in: 0...4, using: &random))
      }
      extents.append(.share(1))
      let lengths = Layout.lengths(of: total, extents)
      #expect(lengths.allSatisfy { $0 >= 0 }, "seed \(seed)")
      #expect(lengths.reduce(0, +) == total, "seed \(seed)")
      let rows = Layout.rows(Rect(x: 3, y: 5, width: 9, height: total), extents)
      #expect(zip(rows, rows.dropFirst()).allSatisfy { $0.bottom == $1.y }, "seed \(seed)")
    }
  }
}
