package import FleetCore
internal import FoundationEssentials

/// All that the console knows and shows. Only `update` changes it.
package struct FleetState: Sendable, Equatable {
  package let definition: FleetDefinition
  package internal(set) var now: Moment
  /// Seconds east of UTC, for the clock and the times of events.
  package let utcOffset: Int
  /// In the order of the definition.
  package internal(set) var nodes: [NodeState]
  package internal(set) var log = EventLog()
  package internal(set) var traffic: TrafficSummary?
  /// What can be pushed from the operator's disk.
  package internal(set) var library: ModelLibrary
  /// The job under way or the last one.
  package internal(set) var job: JobReport?
  /// Work that outlives this console.
  package internal(set) var jobs = JobsState()
  package internal(set) var alerts = AlertsState()
  /// Who may drain itself, of those that a console has a say in.
  var breaker: FleetBreaker
  var interface = Interface()
  /// Who orders what is ordered here.
  let operatorName: String
  private let indices: [NodeName: Int]

  package init(
    definition: FleetDefinition,
    library: ModelLibrary = ModelLibrary(),
    operatorName: String = "operator",
    now: Moment,
    utcOffset: Int = 0,
    themeNames: [String] = []
  ) {
    self.definition = definition
    breaker = FleetBreaker(nodes: definition.nodes.count, perHour: definition.autoDrain.perHour)
    self.library = library
    self.operatorName = operatorName
    self.now = now
    self.utcOffset = utcOffset
    nodes = definition.nodes.map { NodeState($0, since: now.uptime) }
    indices = Dictionary(nodes.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
    interface.themeNames = themeNames
    interface.selection = nodes.first.map { .node($0.name) }
  }

  package func node(_ name: NodeName) -> NodeState? {
    indices[name].map { nodes[$0] }
  }

  /// Gives nil for a node that is not of this fleet.
  @discardableResult
  mutating func change<Result>(_ name: NodeName, _ change: (inout NodeState) -> Result) -> Result? {
    indices[name].map { change(&nodes[$0]) }
  }

  func nodes(of store: String) -> [NodeState] { nodes.filter { $0.name.store == store } }

  func siblings(of name: NodeName) -> [NodeState] { nodes.filter { $0.name.store == name.store && $0.name != name } }

  package var isJobRunning: Bool { job?.state == .running }

  /// The theme in use, as an index into those the console was given.
  package var themeIndex: Int { interface.themeIndex }

  mutating func tell(_ weight: FleetEvent.Weight, _ node: NodeName?, _ text: String, at date: Date? = nil) {
    log.insert(FleetEvent(date: date ?? now.date, node: node, weight: weight, text: text))
  }
}
