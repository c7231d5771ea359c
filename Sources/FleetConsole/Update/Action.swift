internal import FleetCore
internal import Terminal

/// One thing a user can do: the single source of keys, hints in the border and the help page.
struct Action: Sendable {
  enum ID: String, CaseIterable, Sendable {
    case open, push, drain, undrain, rollback, filter, sort, jobs, pause, resume, cancel, undo
    case alerts, acknowledge, why
    case theme, events, help, back, quit
    case up, down, pageUp, pageDown, first, last
  }

  /// The pages on which its keys mean it.
  enum Scope: Sendable {
    case everywhere, nodes, jobs, alerts

    func holds(_ page: Interface.Page) -> Bool {
      switch page {
      case .fleet, .node, .why: self == .everywhere || self == .nodes
      case .jobs, .job: self == .everywhere || self == .jobs
      case .alerts: self == .everywhere || self == .alerts
      }
    }

    /// What to say of a key that means something only there.
    var words: String {
      switch self {
      case .everywhere: ""
      case .nodes: "that is for nodes; esc goes back to them"
      case .jobs: "that is for jobs; J shows them"
      case .alerts: "that is for alerts; A shows them"
      }
    }
  }

  let id: ID
  let scope: Scope
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
    make(
      .open,
      [.enter],
      "⏎",
      "open",
      "open the node, the job or the alert's node; fold or unfold the store",
      disabled: Availabilities.open
    ),
    make(
      .push,
      on: .nodes,
      [.character("p")],
      "p",
      "push",
      "push a model version to a node, a store or the fleet",
      command: "fleet push MODEL@VERSION --to QUERY",
      disabled: Availabilities.push
    ),
    make(
      .drain,
      on: .nodes,
      [.character("d")],
      "d",
      "drain",
      "hand the node's requests to its siblings until nothing is in flight",
      command: "fleet drain QUERY --reason TEXT",
      disabled: Availabilities.drain
    ),
    make(
      .undrain,
      on: .nodes,
      [.character("u")],
      "u",
      "undrain",
      "serve again",
      command: "fleet undrain QUERY",
      disabled: Availabilities.undrain
    ),
    make(
      .rollback,
      on: .nodes,
      [.character("b")],
      "b",
      "roll back",
      "go back to the version before",
      command: "fleet rollback MODEL --to QUERY",
      disabled: Availabilities.rollback
    ),
    make(
      .filter,
      on: .nodes,
      [.character("/")],
      "/",
      "filter",
      "show only nodes that a query selects: denver-*, region=south, not …",
      command: "fleet status QUERY"
    ),
    make(.sort, on: .nodes, [.character("s")], "s", "sort", "sort by name, health, req/s, p99, utilization or watts"),
    make(
      .jobs,
      on: .nodes,
      [.character("J")],
      "J",
      "jobs",
      "pushes under way and ended, each a job with a page",
      command: "fleet jobs"
    ),
    make(
      .alerts,
      [.character("A")],
      "A",
      "alerts",
      "what is wrong in the fleet, one alert a cause, and what was",
      command: "fleet alerts"
    ),
    make(
      .why,
      on: .nodes,
      [.character("w")],
      "w",
      "why",
      "why the node is as it is: what, since when, what changed before",
      disabled: Availabilities.why
    ),
    make(
      .acknowledge,
      on: .alerts,
      [.character("a")],
      "a",
      "take on",
      "on alerts: say that you have it",
      command: "fleet alerts ack ID",
      disabled: AlertAvailabilities.acknowledge
    ),
    make(
      .pause,
      on: .jobs,
      [.character("p")],
      "p",
      "pause",
      "on jobs: let it finish what it has in hand and then wait",
      command: "fleet jobs pause JOB",
      disabled: JobAvailabilities.pause
    ),
    make(
      .resume,
      on: .jobs,
      [.character("r")],
      "r",
      "resume",
      "on jobs: go on; an interrupted one gets a new process",
      command: "fleet jobs resume JOB",
      disabled: JobAvailabilities.resume
    ),
    make(
      .cancel,
      on: .jobs,
      [.character("x")],
      "x",
      "cancel",
      "on jobs: end it; what has passed stays, the rest goes back",
      command: "fleet jobs cancel JOB",
      disabled: JobAvailabilities.cancel
    ),
    make(
      .undo,
      on: .jobs,
      [.character("u")],
      "u",
      "undo",
      "on jobs: bring back what was before it, also when it has ended",
      command: "fleet jobs undo JOB",
      disabled: JobAvailabilities.undo
    ),
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

  private static let byKey: [Key: [Action]] = Dictionary(
    all.flatMap { action in action.keys.map { ($0, [action]) } },
    uniquingKeysWith: +
  )

  static func action(for key: Key, on page: Interface.Page) -> Action? {
    byKey[key]?.first { $0.scope.holds(page) }
  }

  /// Where a key that means nothing on this page means something.
  static func scopeElsewhere(of key: Key, on page: Interface.Page) -> Action.Scope? {
    byKey[key]?.first { !$0.scope.holds(page) }?.scope
  }

  private static func make(
    _ id: Action.ID,
    on scope: Action.Scope = .everywhere,
    _ keys: [Key],
    _ label: String,
    _ hint: String?,
    _ help: String,
    command: String? = nil,
    disabled: @escaping @Sendable (FleetState) -> String? = { _ in nil }
  ) -> Action {
    Action(
      id: id,
      scope: scope,
      keys: keys,
      label: label,
      hint: hint,
      help: help,
      command: command,
      disabledReason: disabled
    )
  }
}
