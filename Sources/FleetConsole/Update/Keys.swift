internal import FleetCore
internal import Terminal

/// What a key does. While a text is typed or a dialog is open, keys go there and nowhere else.
enum Keys {
  static func handle(_ key: Key, _ state: inout FleetState) -> [Effect] {
    let wasAsked = state.interface.notice == quitQuestion
    state.interface.notice = nil
    if key == .control("c") { return [.quit] }
    if state.interface.filterInput != nil {
      Filtering.handle(key, &state)
      return []
    }
    if let overlay = state.interface.overlay { return Overlays.handle(key, in: overlay, &state) }
    guard let action = ActionRegistry.action(for: key) else { return [] }
    if let reason = action.disabledReason(state) {
      state.interface.notice = reason
      return []
    }
    return perform(action.id, &state, quitWasAsked: wasAsked)
  }

  private static let quitQuestion = "a job is under way and would stop after its current step; q again quits"

  private static func perform(_ id: Action.ID, _ state: inout FleetState, quitWasAsked: Bool) -> [Effect] {
    switch id {
    case .open: open(&state)
    case .push, .drain, .undrain, .rollback:
      state.interface.overlay = state.isJobRunning ? .progress : Overlays.form(for: id, state)
    case .filter: state.interface.filterInput = TextInput(state.interface.filterText)
    case .sort:
      let all = SortKey.allCases
      state.interface.sort = all[(state.interface.sort.rawValue + 1) % all.count]
    case .theme:
      state.interface.themeIndex = (state.interface.themeIndex + 1) % state.interface.themeNames.count
      let name = state.interface.themeNames[state.interface.themeIndex]
      state.interface.notice = "theme: \(name)"
      return [.setTheme(name)]
    case .events: state.interface.overlay = .events(scroll: 0)
    case .help: state.interface.overlay = .help(scroll: 0)
    case .back: back(&state)
    case .quit:
      guard state.isJobRunning, !quitWasAsked else { return [.quit] }
      state.interface.notice = quitQuestion
    case .up: move(-1, &state)
    case .down: move(1, &state)
    case .pageUp: move(-10, &state)
    case .pageDown: move(10, &state)
    case .first: move(-100_000, &state)
    case .last: move(100_000, &state)
    }
    return []
  }

  private static func open(_ state: inout FleetState) {
    switch state.interface.selection {
    case .node(let name):
      state.interface.page = .node(name)
      state.interface.pageScroll = 0
    case .store(let store):
      if state.interface.collapsed.remove(store) == nil { state.interface.collapsed.insert(store) }
    case nil: break
    }
  }

  private static func back(_ state: inout FleetState) {
    if state.interface.page != .fleet {
      state.interface.page = .fleet
    } else {
      Filtering.clear(&state)
    }
  }

  private static func move(_ step: Int, _ state: inout FleetState) {
    if case .node = state.interface.page {
      state.interface.pageScroll = min(max(0, state.interface.pageScroll + step), NodeView.lineCount(state) - 1)
      return
    }
    let rows = FleetRows.rows(state)
    guard !rows.isEmpty else { return }
    let index = rows.firstIndex { $0.selection == state.interface.selection }
    let target = index.map { $0 + step } ?? 0
    state.interface.selection = rows[min(max(target, 0), rows.count - 1)].selection
  }
}

/// Typing a filter: it acts while it is typed, and an unfinished one leaves the last good one in place.
enum Filtering {
  static func handle(_ key: Key, _ state: inout FleetState) {
    switch key {
    case .escape:
      clear(&state)
      state.interface.filterInput = nil
    case .enter:
      if state.interface.filterError == nil { state.interface.filterInput = nil }
    default:
      guard var input = state.interface.filterInput, input.handle(key) else { return }
      state.interface.filterInput = input
      apply(input.text, &state)
    }
  }

  static func clear(_ state: inout FleetState) {
    state.interface.filterText = ""
    state.interface.filter = .all
    state.interface.filterError = nil
  }

  private static func apply(_ text: String, _ state: inout FleetState) {
    let text = trimmed(text)
    guard !text.isEmpty else { return clear(&state) }
    do throws(FleetQueryError) {
      var query = try FleetQuery(parsing: text)
      // A bare word that names nothing is a word that is still being typed: it finds every store that holds it.
      if text.allSatisfy({ $0.isLetter || $0.isNumber || $0 == "-" || $0 == "_" || $0 == "." }), !selects(query, state),
        let wider = try? FleetQuery(parsing: "*\(text)*")
      {
        query = wider
      }
      state.interface.filter = query
      state.interface.filterText = text
      state.interface.filterError = nil
    } catch {
      state.interface.filterError = error
    }
    let rows = FleetRows.rows(state)
    if !rows.contains(where: { $0.selection == state.interface.selection }) {
      state.interface.selection = (rows.first { if case .node = $0 { true } else { false } } ?? rows.first)?.selection
    }
  }

  private static func selects(_ query: FleetQuery, _ state: FleetState) -> Bool {
    state.nodes.contains { query.matches($0.name, labels: $0.labels) }
  }

  private static func trimmed(_ text: String) -> String {
    var text = Substring(text)
    while text.first == " " { text.removeFirst() }
    while text.last == " " { text.removeLast() }
    return String(text)
  }
}
