/// Which part of a long list shows, so that the selected line is among it.
package enum ScrollWindow {
  /// The rows to show of `count`, at most `height`, around `selected`; keeps the selection in the middle of long lists.
  package static func visible(count: Int, height: Int, selected: Int) -> Range<Int> {
    guard count > 0, height > 0 else { return 0..<0 }
    guard count > height else { return 0..<count }
    let selected = min(max(selected, 0), count - 1)
    let first = min(max(0, selected - height / 2), count - height)
    return first..<(first + height)
  }
}
