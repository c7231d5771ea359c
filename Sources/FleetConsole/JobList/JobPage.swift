package import FoundationEssentials

/// All that the page of one job shows.
package struct JobPage: Sendable, Equatable {
  /// Something that was asked of it and that still counts, or that it has not heard yet.
  package struct Asked: Sendable, Equatable {
    package var kind: String
    package var by: String
    package var time: Date
    package var isHeard: Bool

    package init(kind: String, by: String, time: Date, isHeard: Bool) {
      self.kind = kind
      self.by = by
      self.time = time
      self.isHeard = isHeard
    }
  }

  package var job: ListedJob
  /// What a rollout last told; nil before it told anything and for other kinds of jobs.
  package var report: RolloutReport?
  /// What a job of another kind last told.
  package var lines: [String]
  /// The process that drives it, in words; nil when none does.
  package var process: String?
  package var asked: [Asked]

  package init(
    job: ListedJob,
    report: RolloutReport? = nil,
    lines: [String] = [],
    process: String? = nil,
    asked: [Asked] = []
  ) {
    self.job = job
    self.report = report
    self.lines = lines
    self.process = process
    self.asked = asked
  }
}
