/// A part of a whole as `▮▮▮▯▯`.
package struct Meter {
  package var full: Style
  package var empty: Style

  package init(full: Style, empty: Style) {
    self.full = full
    self.empty = empty
  }

  /// `fraction` outside 0...1 counts as the nearer end. Anything above nothing lights a cell, all but everything leaves one dark.
  package func spans(_ fraction: Double, width: Int) -> [Span] {
    guard width > 0 else { return [] }
    let fraction = fraction.isNaN ? 0 : min(max(fraction, 0), 1)
    var lit = Int((fraction * Double(width)).rounded())
    if fraction > 0 { lit = max(lit, 1) }
    if fraction < 1 { lit = min(lit, max(width - 1, 0)) }
    return [
      Span(String(repeating: "▮", count: lit), full), Span(String(repeating: "▯", count: width - lit), empty),
    ].filter { !$0.text.isEmpty }
  }
}
