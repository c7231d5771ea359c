internal import FleetCore
internal import Synchronization

/// What the transfer of a version to a node came to so far, over all attempts: what went, and what is not tried again.
final class TransferLedger: Sendable {
  private struct State {
    var delivery = Delivery()
    var hasBegun = false
    var withoutDelta: Set<String> = []
    var lostDeltas: [String: Int] = [:]
    var withoutSibling: Set<NodeName> = []
  }

  private let state = Mutex(State())

  var delivery: Delivery { state.withLock(\.delivery) }

  /// What is missing counts when it is first known.
  func begin(_ files: [StagedFile]) {
    state.withLock { state in
      guard !state.hasBegun else { return }
      state.hasBegun = true
      state.delivery.missingBytes = files.reduce(0) { $0 + ($1.totalBytes - $1.receivedBytes) }
    }
  }

  func sent(_ bytes: Int) { state.withLock { $0.delivery.sentBytes += UInt64(bytes) } }

  func used(_ base: ModelVersion) {
    state.withLock { if !$0.delivery.bases.contains(base) { $0.delivery.bases.append(base) } }
  }

  func used(_ sibling: NodeName) {
    state.withLock { if !$0.delivery.siblings.contains(sibling) { $0.delivery.siblings.append(sibling) } }
  }

  /// The file goes as it is from now on.
  func refuseDelta(of path: String, _ why: String) {
    state.withLock { state in
      guard state.withoutDelta.insert(path).inserted else { return }
      state.delivery.fallbacks.append("'\(path)' in full after all: \(why)")
    }
  }

  /// The node was gone when all of a delta had been sent. Once, that is the line.
  func lostWholeDelta(of path: String, _ why: String) {
    let count = state.withLock { state in
      state.lostDeltas[path, default: 0] += 1
      return state.lostDeltas[path, default: 0]
    }
    if count > 1 { refuseDelta(of: path, why) }
  }

  func mayUseDelta(of path: String) -> Bool { state.withLock { !$0.withoutDelta.contains(path) } }

  func refuse(_ sibling: NodeName, _ why: String) {
    state.withLock { state in
      guard state.withoutSibling.insert(sibling).inserted else { return }
      state.delivery.fallbacks.append("not from \(sibling): \(why)")
    }
  }

  func mayUse(_ sibling: NodeName) -> Bool { state.withLock { !$0.withoutSibling.contains(sibling) } }
}
