internal import CNcurses
internal import Glibc

/// Why there is no screen.
package struct TerminalError: Error, Sendable, Equatable, CustomStringConvertible {
  package let description: String
}

/// The terminal, through ncurses, which compares each screen with the last and sends the least it can. The only file that
/// touches ncurses; ncurses is one per process, so there is one of these at a time.
package final class NcursesScreen: Screen {
  private struct Pair: Hashable {
    var foreground: Int32
    var background: Int32
  }

  package let depth: ColorDepth
  package private(set) var size: Size
  private let environment: [String: String]
  private let colors: Int32
  private var pairs: [Pair: Int32] = [:]
  private var shown: Buffer?
  private var isOpen = true

  /// Takes over the terminal of standard input and output. `environment` is asked for TERM, NO_COLOR, COLORTERM, COLUMNS
  /// and LINES. Throws when that is not a terminal or of a type nobody knows.
  package init(environment: [String: String]) throws(TerminalError) {
    guard isatty(STDIN_FILENO) == 1, isatty(STDOUT_FILENO) == 1 else {
      throw TerminalError(
        description:
          "the dashboard needs a terminal; for other programs there are 'fleet status' and 'fleet watch --json'"
      )
    }
    guard fleet_use_utf8() == 1 else {
      throw TerminalError(description: "no UTF-8 locale is installed; install 'locales' or set LC_ALL=C.UTF-8")
    }
    TerminalRestore.saveModes()
    let type = environment["TERM"] ?? "xterm"
    guard Self.open(type, environment: environment) else {
      throw TerminalError(description: "TERM: unknown terminal type '\(type)'; try TERM=xterm-256color")
    }
    self.environment = environment
    colors = fleet_start_colors()
    depth =
      switch (environment["NO_COLOR"] ?? "", colors) {
      case (let wish, _) where !wish.isEmpty: .monochrome
      case (_, (1 << 24)...): .rgb
      case (_, 256...): .indexed256
      case (_, 8...): .ansi16
      default: .monochrome
      }
    size = Self.measure(environment)
    TerminalRestore.guardAgainstCrashes(
      restoring: Self.capability("rmcup") + Self.capability("cnorm") + Self.capability("sgr0")
    )
    fleet_resize(Int32(size.height), Int32(size.width))
  }

  deinit { close() }

  package func draw(_ buffer: Buffer) {
    guard isOpen else { return }
    let rows = min(buffer.size.height, Int(fleet_rows()))
    let columns = min(buffer.size.width, Int(fleet_columns()))
    let old = shown.flatMap { $0.size == buffer.size ? $0.cells : nil }
    guard old == nil || shown != buffer else { return }
    // ncurses would scroll parts of the terminal where lines have moved. Recorders and small terminals often cannot, so lines
    // that moved are sent one by one, which leaves it nothing to scroll.
    let sendsByRow = hasMovedLines(old, buffer)
    // Terminals that know synchronized output (mode 2026) show the change as a whole; the others ignore the marks.
    TerminalRestore.write("\u{1B}[?2026h")
    for y in 0..<rows {
      let start = y * buffer.size.width
      var x = 0
      while x < columns {
        let cell = buffer.cells[start + x]
        guard old?[start + x] != cell else {
          x += 1
          continue
        }
        var run: [UInt32] = []
        let first = x
        while x < columns, buffer.cells[start + x].style == cell.style, old?[start + x] != buffer.cells[start + x] {
          run.append(buffer.cells[start + x].glyph.value)
          x += 1
        }
        put(run, x: first, y: y, style: cell.style)
      }
      if sendsByRow {
        fleet_stage()
        fleet_flush()
      }
    }
    shown = buffer
    fleet_place_cursor(Int32(buffer.cursor?.y ?? -1), Int32(buffer.cursor?.x ?? 0))
    fleet_stage()
    fleet_flush()
    TerminalRestore.write("\u{1B}[?2026l")
  }

  /// Whether a line stands where another stood before.
  private func hasMovedLines(_ old: [Cell]?, _ new: Buffer) -> Bool {
    guard let old else { return false }
    let width = new.size.width
    func row(_ cells: [Cell], _ y: Int) -> ArraySlice<Cell> { cells[(y * width)..<((y + 1) * width)] }
    let changed = (0..<new.size.height).filter { row(old, $0) != row(new.cells, $0) }
    let before = Set(changed.map { row(old, $0) })
    return changed.contains { before.contains(row(new.cells, $0)) }
  }

  package func resize() {
    guard isOpen else { return }
    size = Self.measure(environment)
    fleet_resize(Int32(size.height), Int32(size.width))
    shown = nil
  }

  package func close() {
    guard isOpen else { return }
    isOpen = false
    fleet_close()
    TerminalRestore.disarm()
  }

  /// Tries the direct-colour sibling of the terminal type first where the terminal says that it can show 24-bit colours.
  private static func open(_ type: String, environment: [String: String]) -> Bool {
    let wishes = environment["COLORTERM"] ?? ""
    if wishes == "truecolor" || wishes == "24bit", (environment["NO_COLOR"] ?? "").isEmpty,
      let cut = type.firstIndex(of: "-"),
      type.hasSuffix("-256color"), unsafe fleet_open(type[..<cut] + "-direct") == 1
    {
      return true
    }
    return unsafe fleet_open(type) == 1
  }

  private static func capability(_ name: String) -> String {
    guard let value = unsafe fleet_capability(name) else { return "" }
    return unsafe String(cString: value)
  }

  /// A pty that nobody gave a size says 0x0: then COLUMNS and LINES count, else 80x24.
  private static func measure(_ environment: [String: String]) -> Size {
    var window = winsize()
    let known = unsafe ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &window) == 0
    func length(_ cells: UInt16, _ name: String, _ usual: Int) -> Int {
      if known, cells > 0 { return Int(cells) }
      return environment[name].flatMap { Int($0) }.flatMap { (1...1000).contains($0) ? $0 : nil } ?? usual
    }
    return Size(width: length(window.ws_col, "COLUMNS", 80), height: length(window.ws_row, "LINES", 24))
  }

  private func put(_ run: [UInt32], x: Int, y: Int, style: Style) {
    var attributes = style.attributes
    let pair = Pair(
      foreground: code(style.foreground, &attributes),
      background: code(style.background, &attributes, isForeground: false)
    )
    unsafe fleet_put(
      Int32(y),
      Int32(x),
      run,
      Int32(run.count),
      attributes.contains(.bold) ? 1 : 0,
      attributes.contains(.dim) ? 1 : 0,
      attributes.contains(.reverse) ? 1 : 0,
      attributes.contains(.underline) ? 1 : 0,
      number(of: pair)
    )
  }

  /// ncurses' number of a colour; terminals with 8 colours show the bright ones as bold.
  private func code(_ color: Color, _ attributes: inout Style.Attributes, isForeground: Bool = true) -> Int32 {
    switch color.reduced(to: depth) {
    case .standard: return -1
    case .indexed(let index) where colors < 16 && index >= 8:
      if isForeground { attributes.insert(.bold) }
      return Int32(index) - 8
    case .indexed(let index): return Int32(index)
    case .rgb(let red, let green, let blue): return Int32(red) << 16 | Int32(green) << 8 | Int32(blue)
    }
  }

  private func number(of pair: Pair) -> Int32 {
    guard depth != .monochrome else { return 0 }
    if let known = pairs[pair] { return known }
    let number = Int32(pairs.count + 1)
    guard number < min(fleet_color_pairs(), 32767), fleet_define_pair(number, pair.foreground, pair.background) == 1
    else {
      return 0
    }
    pairs[pair] = number
    return number
  }
}
