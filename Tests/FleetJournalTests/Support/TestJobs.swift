import FleetCore
import FleetTestSupport
import Foundation
import Synchronization
import Testing

@testable import FleetJournal

/// A folder of jobs of a test's own, with a clock that the test moves.
final class TestJobs: Sendable {
  let folder: TemporaryFolder
  let store: JobStore
  private let clock: Clock

  private final class Clock: Sendable {
    let now = Mutex(Date(timeIntervalSince1970: 1_800_000_000))
  }

  init() throws {
    let folder = try TemporaryFolder()
    let clock = Clock()
    self.folder = folder
    self.clock = clock
    store = try JobStore.open(folder: folder.path("state"), now: { clock.now.withLock { $0 } })
  }

  func pass(_ seconds: Double) {
    clock.now.withLock { $0 += seconds }
  }

  /// The same jobs as another process sees them.
  func reopened() throws -> JobStore {
    let clock = clock
    return try JobStore.open(folder: folder.path("state"), now: { clock.now.withLock { $0 } })
  }

  static let fleet = JobFleet(name: "acme", file: "/srv/acme/fleet.yaml")

  static func order(
    _ title: String = "push tag-reader@2",
    fleet: JobFleet = TestJobs.fleet,
    model: String? = "tag-reader",
    nodes: [String] = ["austin-01/a", "austin-01/b"],
    spec: String = "{}"
  ) -> JobOrder {
    JobOrder(
      kind: "push",
      title: title,
      fleet: fleet,
      orderedBy: "ann",
      spec: Data(spec.utf8),
      model: model,
      nodes: nodes.compactMap { NodeName($0) }
    )
  }

  func create(_ order: JobOrder = TestJobs.order()) throws -> JobID {
    try store.create(order).job.id
  }

  /// The job, being driven.
  func driven(_ id: JobID) throws -> DrivenJob {
    guard let driven = try store.take(id) else { throw TestFailure(description: "\(id) is driven by somebody else") }
    _ = try driven.begin()
    return driven
  }
}

/// `eventually` with a deadline that a machine with other things to do keeps too.
func soon(
  _ what: String,
  sourceLocation: SourceLocation = #_sourceLocation,
  _ condition: () async throws -> Bool
) async throws {
  try await eventually(what, within: .seconds(60), sourceLocation: sourceLocation, holds: condition)
}

struct TestFailure: Error {
  let description: String
}

/// Work that a test steers, and what it was given.
struct ClosureWork: JobWork {
  let body: @Sendable (JobContext) async -> JobEnd

  init(_ body: @escaping @Sendable (JobContext) async -> JobEnd) {
    self.body = body
  }

  func run(_ context: JobContext) async -> JobEnd { await body(context) }
}
