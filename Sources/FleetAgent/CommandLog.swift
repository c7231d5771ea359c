import FleetCore
import FoundationEssentials
import Logging

/// The last things that were asked of a node, and what came of them.
struct CommandLog: Sendable {
  struct Entry: Sendable, Equatable {
    var time: Date
    var what: String
    var outcome: String
  }

  private static let limit = 100

  private let log: Logger
  private(set) var entries: [Entry] = []

  init(log: Logger) {
    self.log = log
  }

  mutating func note(_ command: Command, _ result: Result<Outcome, CommandError>, at time: Date) {
    guard let what = Self.words(command) else { return }
    let outcome =
      switch result {
      case .success: "done"
      case .failure(let error): "\(error.code.rawValue): \(error.message)"
      }
    entries.append(Entry(time: time, what: what, outcome: outcome))
    if entries.count > Self.limit { entries.removeFirst() }
    log.notice("\(what): \(outcome)")
  }

  /// Nil for what comes by the thousand.
  private static func words(_ command: Command) -> String? {
    switch command {
    case .stage(let manifest, _): "stage \(manifest.version)"
    case .write: nil
    case .activate(let version, let digest): "activate \(version) (\(digest.short))"
    case .evaluate(let version, _): "evaluate \(version)"
    case .confirm(let version, _): "confirm \(version)"
    case .rollback(let model): "roll back \(model)"
    case .drain(let order):
      "\(order.isForced ? "forced drain" : "drain"), ordered by \(order.orderedBy): \(order.reason)"
    case .undrain(let person): "undrain, ordered by \(person)"
    }
  }
}
