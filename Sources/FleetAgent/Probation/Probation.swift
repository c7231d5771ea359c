package import FleetCore

/// How long the versions on probation have served without a crash of the engine, and which of them have served long enough. No I/O and no
/// clock: times are seconds on a clock that never goes back.
package struct Probation: Sendable {
  package struct Candidate: Sendable, Equatable {
    package var version: ModelVersion
    package var digest: ModelDigest

    package init(version: ModelVersion, digest: ModelDigest) {
      self.version = version
      self.digest = digest
    }
  }

  private struct Served: Sendable {
    var candidate: Candidate
    var seconds = 0.0
    /// When it was seen serving last; nil when it was not seen the last time.
    var last: Double?
  }

  /// No more than this between two looks counts as served: an agent that was stopped has not seen it.
  private static let longestStep = 2.0

  private let duration: Double
  private var served: [String: Served] = [:]
  private var restarts: UInt64 = 0

  package init(duration: Duration) {
    self.duration = duration.seconds
  }

  /// Answers the candidates whose probation is over.
  package mutating func observe(
    _ candidates: [Candidate],
    engine: EngineStatus,
    models: [ModelStatus],
    at seconds: Double
  ) -> [Candidate] {
    // A crash is held against all that were served: which of them was to blame, it may not say.
    if engine.restarts != restarts { served = [:] }
    restarts = engine.restarts
    var next: [String: Served] = [:]
    for candidate in candidates {
      let known = served[candidate.version.name]
      var entry = known?.candidate == candidate ? known ?? Served(candidate: candidate) : Served(candidate: candidate)
      let isServing =
        engine.state == .serving
        && models.contains { model in
          model.name == candidate.version.name && model.version == candidate.version.number
            && model.digest == candidate.digest
        }
      if isServing, let last = entry.last { entry.seconds += min(max(0, seconds - last), Self.longestStep) }
      entry.last = isServing ? seconds : nil
      next[candidate.version.name] = entry
    }
    served = next
    return candidates.filter { candidate in
      guard let entry = next[candidate.version.name] else { return false }
      return entry.last != nil && entry.seconds >= duration
    }
  }
}
