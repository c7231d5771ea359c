internal import FleetCore
internal import Terminal

/// What the user has done to the screen: selection, sort, filter, and what is open.
struct Interface: Sendable, Equatable {
  enum Selection: Hashable, Sendable {
    case store(String)
    case node(NodeName)
  }

  enum Page: Equatable, Sendable {
    case fleet
    case node(NodeName)
    case jobs
    case job(String)
    case alerts
    /// Why the node is as it is.
    case why(NodeName)
  }

  enum Overlay: Equatable, Sendable {
    case help(scroll: Int)
    case events(scroll: Int)
    case push(PushForm)
    case drain(DrainForm)
    case confirm(ConfirmForm)
    case wish(WishForm)
    case progress
  }

  /// Of the screen, so that scrolling ends where the text does; nil before it is known.
  var size: Size?
  var page = Page.fleet
  /// First line of the node's page, or of why it is as it is.
  var pageScroll = 0
  var jobSelection: String?
  /// First row of a job's page; nil while it follows what goes on.
  var jobScroll: Int?
  var alertSelection: Int?
  var overlay: Overlay?
  var selection: Selection?
  var collapsed: Set<String> = []
  var sort = SortKey.name
  var filterText = ""
  var filter = FleetQuery.all
  /// Set while a filter is being typed.
  var filterInput: TextInput?
  var filterError: FleetQueryError?
  var themeNames: [String] = []
  var themeIndex = 0
  /// Answer to the last key, such as why an action is not to be had; gone with the next key.
  var notice: String?
}

/// What the rows of the table are ordered by.
enum SortKey: Int, CaseIterable, Sendable {
  case name, health, requests, p99, utilization, watts

  var title: String {
    switch self {
    case .name: "name"
    case .health: "health"
    case .requests: "req/s"
    case .p99: "p99"
    case .utilization: "utilization"
    case .watts: "watts"
    }
  }
}
