package import FleetCore
package import Foundation

/// What a job's process does. It is written so that it can be killed at any moment: what it must know again it appends to the
/// journal before it acts on it, and it begins from the events that are there.
package protocol JobWork: Sendable {
  /// Works to an end. When its task is cancelled it leaves everything as it stands and gives `.interrupted`; it has 10 s for it.
  func run(_ context: JobContext) async -> JobEnd
}

/// What the work is given.
package struct JobContext: Sendable {
  package let job: StoredJob
  package let spec: Data
  package let nodes: [NodeName]
  /// What earlier processes of this job appended; empty the first time.
  package let events: [JobEvent]
  /// What was asked before this process began and still holds, for work that has to know before its first step.
  package let standing: [JobRequest]
  /// What people ask of it: pause, resume, cancel, undo, supersede. First comes what is `standing`.
  package let controls: AsyncStream<JobRequest>
  let monitor: JobMonitor

  /// On the disk when it returns, also when the task is cancelled. An error means that the job must not go on.
  package func append(_ event: Data) async throws(CommandError) {
    try await monitor.append(event)
  }

  /// How far it is. Returns at once; of many in a short time only the last is kept.
  package func tell(_ progress: JobProgress) {
    monitor.tell(progress)
  }
}
