/// What a simulated fleet is to be like. The same settings give the same fleet.
package struct SimulationSettings: Sendable, Equatable {
  package static let nodeBounds = 1...2000
  /// A node of a store is a letter.
  package static let storeBounds = 1...26

  package var nodes: Int
  package var nodesPerStore: Int
  package var seed: UInt64
  /// Share of nodes that are slow, fail requests or are hot, 0 to 1.
  package var faulty: Double
  /// Share of nodes that are offline in spells.
  package var offline: Double
  /// How long a spell lasts, more or less, and how long one that vanished stays away.
  package var away: Duration
  /// Share of nodes that go away in the middle of a transfer.
  package var vanishing: Double
  /// What each store's line carries; nil for a line without a limit.
  package var lineBytesPerSecond: Double?
  /// The hour of the day at the start, everywhere; nil for the true one in four time zones.
  package var hour: Double?

  package init(
    nodes: Int,
    nodesPerStore: Int = 4,
    seed: UInt64 = 1,
    faulty: Double = 0,
    offline: Double = 0,
    away: Duration = .seconds(60),
    vanishing: Double = 0,
    lineBytesPerSecond: Double? = nil,
    hour: Double? = nil
  ) {
    self.nodes = nodes
    self.nodesPerStore = nodesPerStore
    self.seed = seed
    self.faulty = faulty
    self.offline = offline
    self.away = away
    self.vanishing = vanishing
    self.lineBytesPerSecond = lineBytesPerSecond
    self.hour = hour
  }
}
