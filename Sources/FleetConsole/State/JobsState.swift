internal import FleetCore

/// The fleet's jobs as the console knows them.
package struct JobsState: Sendable, Equatable {
  /// How often they are read, in seconds: while they are looked at, and while they are not.
  static let readInterval = 1.0
  static let idleInterval = 5.0
  /// Older news than this look old, in seconds.
  static let staleAfter = 5.0

  /// The newest first.
  package internal(set) var list: [ListedJob] = []
  /// When they were last read; nil before the first time.
  package internal(set) var read: Moment?
  /// Why the last reading failed; nil when it did not.
  package internal(set) var problem: String?
  /// Of the job that is open.
  package internal(set) var page: JobPage?
  /// When to read again, on the console's clock.
  var nextRead = 0.0
  /// A push is being recorded.
  var isOrdering = false
  /// What has been asked of jobs and was not answered yet.
  var asked: [String: JobWish] = [:]
  /// Jobs found interrupted at the start that are still to be offered.
  var offers: [String] = []

  package func job(_ id: String) -> ListedJob? { list.first { $0.id == id } }

  /// Those that somebody drives or is about to.
  var alive: [ListedJob] { list.filter { !$0.state.isEnded && $0.state != .interrupted } }

  var interrupted: [ListedJob] { list.filter { $0.state == .interrupted } }

  /// Seconds since they were last read; nil before the first time.
  func age(at now: Moment) -> Double? { read.map { max(0, now.uptime - $0.uptime) } }
}
