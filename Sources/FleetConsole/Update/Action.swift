internal import FleetCore
internal import Terminal

/// One thing a user can do: the single source of keys, hints in the border and the help page.
struct Action: Sendable {
  enum ID: String, CaseIterable, Sendable {
    case open, push, drain, undrain, rollback, filter, sort, theme, events, help, back, quit
    case up, down, pageUp, pageDown, first, last
  }

  let id: ID
  let keys: [Key]
  /// The key as hints and help write it.
  let label: String
  /// A word or two for the hint; nil where the key is a matter of course.
  let hint: String?
  /// A line for the help page.
  let help: String
  /// The same from the command line; nil when it is about the screen alone.
  let command: String?
  /// Why it cannot be done now; nil when it can.
  let disabledReason: @Sendable (FleetState) -> String?
}

enum ActionRegistry {
  static let all: [Action] = [
    make(.open, [.enter], "⏎", "open", "open the node; fold or unfold the store", disabled: Availabilities.open),
    make(
      .push,
      [.character("p")],
      "p",
      "push",
      "push a model version to a node, a store or the fleet",
      command: "fleet push MODEL@VERSION --to QUERY",
      disabled: Availabilities.push
    ),
    make(
      .drain,
      [.character("d")],
      "d",
      "drain",
      "hand the node's requests to its siblings until nothing is in flight",
      command: "fleet drain QUERY --reason TEXT",
      disabled: Availabilities.drain
    ),
    make(
      .undrain,
      [.character("u")],
      "u",
      "undrain",
      "serve again",
      command: "fleet undrain QUERY",
      disabled: Availabilities.undrain
    ),
    make(
      .rollback,
      [.character("b")],
      "b",
      "roll back",
      "go back to the version before",
      command: "fleet rollback MODEL --to QUERY",
      disabled: Availabilities.rollback
    ),
    make(
      .filter,
      [.character("/")],
      "/",
      "filter",
      "show only nodes that a query selects: denver-*, region=south, not …",
      command: "fleet status QUERY"
    ),
    make(.sort, [.character("s")], "s", "sort", "sort by name, health, req/s, p99, utilization or watts"),
    make(.theme, [.character("t")], "t", "theme", "next theme", disabled: Availabilities.theme),
    make(.events, [.character("e")], "e", "events", "what happened, newest first"),
    make(.help, [.character("?"), .function(1)], "?", "help", "this page"),
    make(.quit, [.character("q"), .control("c")], "q", "quit", "leave; the fleet goes on"),
    make(.back, [.escape, .backspace], "esc", nil, "back; forget the filter", disabled: Availabilities.back),
    make(.up, [.up, .character("k")], "↑ k", nil, "one row up"),
    make(.down, [.down, .character("j")], "↓ j", nil, "one row down"),
    make(.pageUp, [.pageUp], "PgUp", nil, "ten rows up"),
    make(.pageDown, [.pageDown], "PgDn", nil, "ten rows down"),
    make(.first, [.home, .character("g")], "Home g", nil, "first row"),
    make(.last, [.end, .character("G")], "End G", nil, "last row"),
  ]

  private static let byKey: [Key: Action] = Dictionary(
    all.flatMap { action in action.keys.map { ($0, action) } },
    uniquingKeysWith: { first, _ in first }
  )

  static func action(for key: Key) -> Action? { byKey[key] }

  private static func make(
    _ id: Action.ID,
    _ keys: [Key],
    _ label: String,
    _ hint: String?,
    _ help: String,
    command: String? = nil,
    disabled: @escaping @Sendable (FleetState) -> String? = { _ in nil }
  ) -> Action {
    Action(id: id, keys: keys, label: label, hint: hint, help: help, command: command, disabledReason: disabled)
  }
}
