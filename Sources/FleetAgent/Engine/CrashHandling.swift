package import FleetCore

/// What is done about engines that end though nobody asked them to.
package struct CrashHandling: Sendable {
  /// Keeps a crash for those who ask later.
  package var note: @Sendable (EngineCrash) async -> Void
  /// Has one of the versions, which have crashed again and again for the reason given, not served any more.
  package var retire: @Sendable ([ModelVersion], String) async throws(CommandError) -> Retirement

  package init(
    note: @escaping @Sendable (EngineCrash) async -> Void = { _ in },
    retire: @escaping @Sendable ([ModelVersion], String) async throws(CommandError) -> Retirement = { versions, _ in
      Retirement(version: versions[0])
    }
  ) {
    self.note = note
    self.retire = retire
  }
}

/// What became of a version that kept crashing.
package struct Retirement: Sendable, Equatable {
  package enum Outcome: Sendable, Equatable {
    /// This one is served in its place, and is the active one on disk too.
    case wentBack(to: ModelVersion)
    /// It was not the active one, and is not loaded any more.
    case leftOut
    /// There is nothing to go back to.
    case kept
  }

  package var version: ModelVersion
  package var outcome: Outcome

  package init(version: ModelVersion, outcome: Outcome = .kept) {
    self.version = version
    self.outcome = outcome
  }

  /// For the log and the node's status; `reason` is how it crashed.
  func words(_ reason: String) -> String {
    switch outcome {
    case .wentBack(let previous): "\(version) \(reason); went back to \(previous)"
    case .leftOut: "\(version) \(reason); it is not served any more"
    case .kept: "\(version) \(reason), and there is no earlier version to go back to; push another"
    }
  }
}
