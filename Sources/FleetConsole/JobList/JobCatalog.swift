package import FleetCore

/// The fleet's jobs, wherever they are kept. Every call ends within a bound, however slow the disk is.
package protocol JobCatalog: Sendable {
  /// All jobs, the newest first, and the page of one of them; `page` is the name of a job.
  func read(page: String?) async throws(CommandError) -> JobReading

  /// Asks something of a job, and starts a process for it where none drives it. Gives what came of it, for a person.
  func ask(_ wish: JobWish, of job: String) async throws(CommandError) -> String

  /// Records a push as a job and starts its process, which goes on when the console ends.
  func order(_ push: PushOrder) async throws(CommandError) -> OrderedJob
}

/// Where no jobs are kept.
package struct NoJobs: JobCatalog {
  private static let problem = CommandError(.conflict, "no jobs are kept here")

  package init() {}

  package func read(page: String?) async throws(CommandError) -> JobReading { JobReading(jobs: []) }

  package func ask(_ wish: JobWish, of job: String) async throws(CommandError) -> String { throw Self.problem }

  package func order(_ push: PushOrder) async throws(CommandError) -> OrderedJob { throw Self.problem }
}

package struct JobReading: Sendable, Equatable {
  package var jobs: [ListedJob]
  /// Nil when none was asked for, and when that job is gone.
  package var page: JobPage?

  package init(jobs: [ListedJob], page: JobPage? = nil) {
    self.jobs = jobs
    self.page = page
  }
}

/// What a person may want of a job.
package enum JobWish: String, Sendable, CaseIterable {
  case pause, resume, cancel, undo
}

/// A version to bring to nodes in waves, as a job.
package struct PushOrder: Sendable, Equatable {
  package var model: LocalModel
  package var nodes: [NodeName]
  package var strategy: RolloutStrategy
  /// The nodes in words, for the job's title.
  package var target: String

  package init(model: LocalModel, nodes: [NodeName], strategy: RolloutStrategy, target: String) {
    self.model = model
    self.nodes = nodes
    self.strategy = strategy
    self.target = target
  }
}

package struct OrderedJob: Sendable, Equatable {
  package var id: String
  /// Older jobs that it takes nodes from.
  package var superseded: [String]

  package init(id: String, superseded: [String] = []) {
    self.id = id
    self.superseded = superseded
  }
}
