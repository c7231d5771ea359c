/// How a version is brought to a fleet. `strategies:` in fleet.yaml name some, so that nobody types them twice.
package struct RolloutStrategy: Sendable, Equatable, Codable {
  package var name: String
  package var waves: Waves
  /// How long a node serves the new version before its gate is asked.
  package var bake: Duration
  package var gate: Gate
  package var abort: AbortRule
  /// Requests that latency, errors and energy must be measured over before they say anything.
  package var minimumSamples: Int
  /// How long one step of one node may take: all of its transfer, its switch, or a switch back.
  package var stepTimeout: Duration
  /// How long a rollout that is through waits for nodes that could not be reached.
  package var returnTimeout: Duration
  /// How long a node whose gate cannot decide may keep the version on probation.
  package var undecidedTimeout: Duration
  /// Stores of one wave that are worked on at once. It is one store until some node has passed.
  package var storesAtOnce: Int
  /// The hours of a store's day in which bytes may go to it; nil for all of them.
  package var window: TimeWindow?
  /// The most that one node gets, that goes over the line of one store, and that the whole rollout sends; nil for no limit.
  package var nodeLimit: ByteRate?
  package var storeLimit: ByteRate?
  package var fleetLimit: ByteRate?

  /// What holds when nothing else is said: one store, a tenth, half, all; a minute each; fewer than 1% errors.
  package init(
    name: String = Self.defaultName,
    waves: Waves = .standard,
    bake: Duration = .seconds(60),
    gate: Gate = .standard,
    abort: AbortRule = .first,
    minimumSamples: Int = 100,
    stepTimeout: Duration = .seconds(600),
    returnTimeout: Duration = .seconds(600),
    undecidedTimeout: Duration = .seconds(1800),
    storesAtOnce: Int = 8,
    window: TimeWindow? = nil,
    nodeLimit: ByteRate? = nil,
    storeLimit: ByteRate? = nil,
    fleetLimit: ByteRate? = nil
  ) {
    self.name = name
    self.waves = waves
    self.bake = bake
    self.gate = gate
    self.abort = abort
    self.minimumSamples = minimumSamples
    self.stepTimeout = stepTimeout
    self.returnTimeout = returnTimeout
    self.undecidedTimeout = undecidedTimeout
    self.storesAtOnce = storesAtOnce
    self.window = window
    self.nodeLimit = nodeLimit
    self.storeLimit = storeLimit
    self.fleetLimit = fleetLimit
  }

  package static let defaultName = "default"

  /// What a file or a command line may say, so that neither can ask for the impossible.
  package static let minimumSamplesBounds = 1...1_000_000
  package static let storesAtOnceBounds = 1...256
}

extension Waves {
  /// One store, a tenth of them, half, all.
  package static let standard = Waves(entries: [
    .stores(1), .part(basisPoints: 1000), .part(basisPoints: 5000), .part(basisPoints: 10_000),
  ])
}

extension Gate {
  /// `errors < 1%`
  package static let standard = Gate(conditions: [
    Condition(measure: .errors, comparison: .less, limit: .value(0.01), text: "errors < 1%")
  ])
}
