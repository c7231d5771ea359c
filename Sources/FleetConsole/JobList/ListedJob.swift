package import FleetCore
package import FoundationEssentials

/// A job as a list shows it, read from wherever jobs are kept.
package struct ListedJob: Sendable, Equatable, Identifiable {
  package enum State: String, Sendable, CaseIterable {
    case queued, running, paused, interrupted, succeeded, failed, cancelled, undone

    /// Nothing more happens to it unless somebody wants it undone.
    package var isEnded: Bool {
      switch self {
      case .queued, .running, .paused, .interrupted: false
      case .succeeded, .failed, .cancelled, .undone: true
      }
    }
  }

  /// What its last report said of a rollout as a whole.
  package struct Summary: Sendable, Equatable {
    package var version: ModelVersion
    /// Part of the whole way that is done, 0 to 1.
    package var fraction: Double
    package var stores: Int
    /// Stores all of whose nodes serve the version for good.
    package var reachedStores: Int
    package var nodes: Int
    package var reachedNodes: Int
    /// An estimate; nil where there is none.
    package var etaSeconds: Double?
  }

  /// Such as `push-0012`.
  package var id: String
  package var title: String
  package var state: State
  /// Why it is in this state; empty when there is nothing to say.
  package var reason: String
  /// How far it is, for a person; empty before its first report.
  package var progress: String
  package var orderedBy: String
  package var created: Date
  /// Since when it is in this state.
  package var changed: Date
  /// When it last reported; nil before it did.
  package var reported: Date?
  /// Nil before its first report, for other kinds of jobs, and while nobody has had the time to read it.
  package var summary: Summary?

  package init(
    id: String,
    title: String,
    state: State,
    reason: String = "",
    progress: String = "",
    orderedBy: String,
    created: Date,
    changed: Date,
    reported: Date? = nil,
    summary: Summary? = nil
  ) {
    self.id = id
    self.title = title
    self.state = state
    self.reason = reason
    self.progress = progress
    self.orderedBy = orderedBy
    self.created = created
    self.changed = changed
    self.reported = reported
    self.summary = summary
  }
}

extension ListedJob.Summary {
  package init(_ report: RolloutReport) {
    let stores = report.waves.flatMap(\.stores)
    let nodes = stores.flatMap(\.nodes)
    self.init(
      version: report.version,
      fraction: nodes.way,
      stores: stores.count,
      reachedStores: stores.count { $0.nodes.allSatisfy(\.isReached) },
      nodes: nodes.count,
      reachedNodes: nodes.count(where: \.isReached),
      etaSeconds: report.etaSeconds
    )
  }
}

extension RolloutReport.Node {
  /// Whether it serves the version for good.
  package var isReached: Bool { phase == .passed || phase == .skipped }

  /// Part of the way to that which is done: what was taken back or given up is no part of it.
  var way: Double { phase.isSettled ? (isReached ? 1 : 0) : fraction }
}

extension [RolloutReport.Node] {
  var way: Double { isEmpty ? 0 : reduce(0) { $0 + $1.way } / Double(count) }
}
