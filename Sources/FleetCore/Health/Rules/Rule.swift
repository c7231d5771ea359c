/// One thing that can be wrong with a node. A rule keeps what it needs to tell a fault from a blip; it does no I/O and has no clock of
/// its own.
protocol Rule: Sendable {
  /// Takes a sample, at most one a second, and says what is wrong by now.
  mutating func judge(_ sample: HealthSample) -> [Finding]
}
