internal import FleetCore
internal import Terminal

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
    // Without a match the selection stays as it is, out of sight and out of reach, and comes back with its row.
    if !rows.isEmpty, !rows.contains(where: { $0.selection == state.interface.selection }) {
      state.interface.selection = (rows.first { if case .node = $0 { true } else { false } } ?? rows[0]).selection
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
