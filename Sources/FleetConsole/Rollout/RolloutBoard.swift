internal import FleetCore
internal import Synchronization

/// What goes on at the nodes right now, between two events: it is shown and forgotten, never kept.
final class RolloutBoard: Sendable {
  struct Entry: Sendable, Equatable {
    var text: String
    /// Part of the step that is done, 0 to 1; nil when that is not known.
    var fraction: Double?
    var bytesThere: UInt64?
    var verdict: GateVerdict?
  }

  private let entries = Mutex<[NodeName: Entry]>([:])

  var all: [NodeName: Entry] { entries.withLock { $0 } }

  func say(_ node: NodeName, _ text: String, fraction: Double? = nil) {
    entries.withLock { $0[node] = Entry(text: text, fraction: fraction) }
  }

  func say(_ node: NodeName, _ news: TransferNews) {
    var entry = Entry(text: news.text, fraction: news.fraction)
    if case .sending(let received, _) = news { entry.bytesThere = received }
    entries.withLock { $0[node] = entry }
  }

  func bake(_ node: NodeName, _ verdict: GateVerdict, fraction: Double) {
    let text = fraction < 1 ? "baking" : "waiting for data: \(verdict.reason)"
    entries.withLock { $0[node] = Entry(text: text, fraction: min(1, max(0, fraction)), verdict: verdict) }
  }

  func clear(_ node: NodeName) { entries.withLock { $0[node] = nil } }
}
