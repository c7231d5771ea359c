/// One line that is being typed. Takes every key that means text or moves within it, and no other.
package struct TextInput: Hashable, Sendable {
  package private(set) var characters: [Character]
  package private(set) var position: Int
  private let limit: Int

  package init(_ text: String = "", limit: Int = 200) {
    characters = Array(text)
    position = characters.count
    self.limit = limit
  }

  package var text: String { String(characters) }

  /// Whether the key was one for this line.
  package mutating func handle(_ key: Key) -> Bool {
    switch key {
    case .character(let character):
      guard characters.count < limit else { return true }
      characters.insert(character, at: position)
      position += 1
    case .backspace:
      guard position > 0 else { return true }
      position -= 1
      characters.remove(at: position)
    case .delete:
      guard position < characters.count else { return true }
      characters.remove(at: position)
    case .left: position = max(0, position - 1)
    case .right: position = min(characters.count, position + 1)
    case .home, .control("a"): position = 0
    case .end, .control("e"): position = characters.count
    case .control("u"):
      characters.removeSubrange(..<position)
      position = 0
    case .control("k"): characters.removeSubrange(position...)
    case .control("w"):
      var start = position
      while start > 0, characters[start - 1] == " " { start -= 1 }
      while start > 0, characters[start - 1] != " " { start -= 1 }
      characters.removeSubrange(start..<position)
      position = start
    default: return false
    }
    return true
  }

  /// Draws the part around the cursor; the terminal's cursor goes there when the line has the focus.
  package func draw(x: Int, y: Int, width: Int, style: Style, hasFocus: Bool, of buffer: inout Buffer) {
    guard width > 0 else { return }
    let first = max(0, position - width + 1)
    let shown = String(characters[min(first, characters.count)...].prefix(width))
    buffer.fill(Rect(x: x, y: y, width: width, height: 1), with: Cell(" ", style))
    buffer.write(shown, x: x, y: y, style: style, limit: width)
    if hasFocus {
      let before = Glyphs.width(of: String(characters[first..<position]))
      buffer.cursor = Point(x: x + min(before, width - 1), y: y)
    }
  }
}
