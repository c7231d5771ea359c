internal import FleetCore

extension RolloutReport {
  /// For a terminal: the rules, then every wave with its nodes and what their gates found.
  package var lines: [String] {
    let eta = etaSeconds.map { ", about \(Int($0.rounded())) s to go" } ?? ""
    let saved = bytesSaved.map { $0 > 0 ? ", \(Format.bytes(Double($0))) saved" : "" } ?? ""
    var lines = [
      "\(title): \(state), \(settled) of \(nodes) nodes, \(Format.bytes(Double(bytesSent))) sent\(saved)\(eta)",
      "strategy \(rules.strategy): waves \(rules.waves), bake \(Quantity.text(.seconds(rules.bakeSeconds))), abort \(rules.abort)",
      "gate: \(rules.gate)",
    ]
    if !reason.isEmpty { lines.append("reason: \(reason)") }
    if let problem { lines.append("problem: \(problem)") }
    for wave in waves {
      let part = Int((wave.fraction * 100).rounded(.down))
      lines.append("wave \(wave.number): \(wave.phase.rawValue), \(part)%, \(wave.stores.count) stores")
      let rows = wave.stores.flatMap(\.nodes).filter { $0.phase != .waiting }.map { node in
        ["  \(node.node)", node.phase.rawValue, node.delivery?.way ?? "", node.text]
      }
      lines += TextTable.lines(titles: ["  NODE", "PHASE", "SENT", "WHAT"], rows: rows)
      for node in wave.stores.flatMap(\.nodes) {
        lines += (node.delivery?.fallbacks ?? []).map { "    \(node.node): \($0)" }
        for finding in node.findings where finding.outcome != .passed {
          lines.append("    \(node.node): '\(finding.condition)' \(finding.outcome.rawValue): \(finding.why)")
        }
      }
    }
    return lines
  }
}
