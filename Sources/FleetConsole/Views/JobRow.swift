internal import FleetCore

/// One row of a job's page.
enum JobRow: Equatable {
  case store(RolloutReport.Store, wave: Int, isWaiting: Bool)
  /// With the sibling that it waits for, if it does.
  case node(RolloutReport.Node, waitsFor: String?)
  case finding(GateVerdict.Finding, RolloutNode.Phase)
  /// Of a job that is no rollout.
  case line(String)

  /// In the order of the plan, so that rows do not dance. A store shows its nodes while they differ or something is to be told of
  /// one; a node shows what its gate finds from when it is measured until it has passed.
  static func rows(_ report: RolloutReport) -> [JobRow] {
    var rows: [JobRow] = []
    for wave in report.waves {
      for store in wave.stores {
        rows.append(.store(store, wave: wave.number, isWaiting: wave.phase == .waiting))
        guard !isQuiet(store) else { continue }
        let busy = store.nodes.first { $0.phase.isBusy }
        for node in store.nodes {
          rows.append(.node(node, waitsFor: node.phase == .waiting ? busy?.node.node : nil))
          if showsFindings(node.phase) { rows += node.findings.map { .finding($0, node.phase) } }
        }
      }
    }
    return rows
  }

  /// The row that a page which nobody has scrolled begins near: what is being done, else what went wrong.
  static func telling(_ rows: [JobRow]) -> Int {
    func first(_ holds: (RolloutNode.Phase) -> Bool) -> Int? {
      rows.firstIndex { if case .node(let node, _) = $0 { holds(node.phase) } else { false } }
    }
    return first(\.isBusy) ?? first { $0 == .failed || $0 == .rolledBack } ?? first { $0 == .unreachable } ?? 0
  }

  private static func isQuiet(_ store: RolloutReport.Store) -> Bool {
    guard let first = store.nodes.first?.phase else { return true }
    switch first {
    case .waiting, .passed, .skipped, .cancelled: return store.nodes.allSatisfy { $0.phase == first }
    default: return false
    }
  }

  private static func showsFindings(_ phase: RolloutNode.Phase) -> Bool {
    switch phase {
    case .baking, .undecided, .confirming, .rollingBack, .rolledBack, .failed: true
    case .waiting, .unreachable, .transferring, .switching, .passed, .superseded, .skipped, .cancelled: false
    }
  }
}
