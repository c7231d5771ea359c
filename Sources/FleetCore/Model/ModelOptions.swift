/// How one model is served on a node, whatever its version.
package struct ModelOptions: Sendable, Equatable, Codable {
  /// What the accelerator's driver is asked to be good at.
  package enum Hint: String, Sendable, Codable, CaseIterable {
    /// Latency as long as calls come one at a time, throughput when they keep meeting.
    case auto
    case latency
    case throughput
  }

  /// Which versions of the repository answer, besides the active one, to callers that name them.
  package enum VersionPolicy: Sendable, Equatable, Codable {
    /// The active one only.
    case latest
    case all
    case listed([Int])
  }

  package var hint = Hint.auto
  package var versions = VersionPolicy.latest
  /// Requests that may wait for the accelerator; more are refused at once.
  package var maximumQueued = 64
  /// The longest that a request waits for the accelerator, in seconds; one that would wait longer is refused at once.
  package var maximumWait = 0.5
  /// Rows that may be computed together for several callers; 1 for none.
  package var largestBatch = 1
  /// How long a row waits for others to join it, in seconds.
  package var longestDelay = 0.0
  /// A computation that takes longer than this many seconds counts as hung: the engine is killed.
  package var computeLimit = 30.0

  package init() {}
}
