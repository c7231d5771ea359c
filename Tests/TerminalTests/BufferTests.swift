import Testing

@testable import Terminal

@Suite struct BufferTests {
  @Test func writesAreCutAtTheEdges() {
    var buffer = Buffer(size: Size(width: 5, height: 2))
    buffer.write("abcdefgh", x: 2, y: 0, style: .plain)
    buffer.write("xy", x: -1, y: 1, style: .plain)
    buffer.write("no", x: 0, y: 7, style: .plain)
    buffer.fill(Rect(x: 4, y: 1, width: 90, height: 90), with: Cell("#"))
    #expect(buffer.text == "  abc\ny   #")
  }

  @Test func longTextEndsInAnEllipsis() {
    var buffer = Buffer(size: Size(width: 10, height: 1))
    let after = buffer.write("degraded", x: 0, y: 0, style: .plain, limit: 5)
    #expect(buffer.text == "degr…")
    #expect(after == 5)
  }

  @Test(arguments: [
    ("日本-01", "□□-01"), ("e\u{301}a", "ea"), ("a\u{200D}b\u{FE0F}", "ab"), ("🍎x", "□x"), ("tab\there", "tab·here"),
    ("\u{1B}[31mred", "·[31mred"), ("ｆ", "□"), ("●◐✖○▮▯⣿╭⚑▾⏎", "●◐✖○▮▯⣿╭⚑▾⏎"), ("\u{202E}evil", "evil"),
  ])
  func everyCellIsOneColumnWide(_ text: String, _ shown: String) {
    var buffer = Buffer(size: Size(width: 20, height: 1))
    let after = buffer.write(text, x: 0, y: 0, style: .plain)
    #expect(buffer.text == shown)
    #expect(after == Glyphs.width(of: text))
    #expect(after == shown.unicodeScalars.count)
  }

  @Test func wrapsAtSpacesAndBreaksLongWords() {
    #expect(Glyphs.wrapped("one two three", to: 7) == ["one two", "three"])
    #expect(Glyphs.wrapped("abcdefgh ij", to: 3) == ["abc", "def", "gh", "ij"])
    #expect(Glyphs.wrapped("x", to: 0).isEmpty)
  }
}

@Suite struct ColorTests {
  @Test func reducesToTheNearest() {
    let red = Color.rgb(red: 255, green: 0, blue: 0)
    #expect(red.reduced(to: .rgb) == red)
    #expect(red.reduced(to: .indexed256) == .indexed(196))
    #expect(red.reduced(to: .ansi16) == .indexed(9))
    #expect(red.reduced(to: .monochrome) == .standard)
    #expect(Color.indexed(196).reduced(to: .ansi16) == .indexed(9))
    #expect(Color.rgb(red: 128, green: 128, blue: 128).reduced(to: .indexed256) == .indexed(244))
    #expect(Color.standard.reduced(to: .ansi16) == .standard)
  }
}
