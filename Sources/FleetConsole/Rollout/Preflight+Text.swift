internal import FleetCore
internal import FoundationEssentials

extension Preflight {
  /// For a terminal: the waves, then every problem with its cure.
  package var text: String {
    var lines = [
      "push \(version) (\(digest.short), \(Format.bytes(Double(versionBytes)))), strategy \(strategy), gate: \(gate)"
    ]
    lines += TextTable.lines(
      titles: ["WAVE", "STORES", "NODES", "BYTES", "AT LIMITS", "FIRST STORES"],
      rightAligned: [0, 1, 2, 3, 4],
      rows: waves.map { wave in
        let names = wave.stores.prefix(5).joined(separator: ", ") + (wave.stores.count > 5 ? ", ..." : "")
        return [
          "\(wave.number)", "\(wave.stores.count)", "\(wave.nodes)", Format.bytes(Double(wave.bytes)),
          Format.age(wave.seconds), names,
        ]
      }
    )
    let stores = waves.reduce(0) { $0 + $1.stores.count }
    let simulation = simulated ? ", simulated" : ""
    lines.append("\(stores) stores, \(nodes) nodes\(simulation), \(Format.bytes(Double(bytes))) to send")
    lines += ways.map { "  \($0.nodes) \($0.nodes == 1 ? "node" : "nodes") \($0.text)" }
    if !skipped.isEmpty { lines.append("\(skipped.count) serve it already and are skipped") }
    lines += hoursLines
    for problem in versionProblems {
      lines += ["", "every node fails: \(problem.kind.rawValue): \(problem.reason)", "cure: \(problem.cure)"]
    }
    guard !problems.isEmpty else {
      return lines.joined(separator: "\n") + (versionProblems.isEmpty ? "\nno problem found\n" : "\n")
    }
    lines.append("")
    lines += TextTable.lines(
      titles: ["NODE", "WAVE", "EFFECT", "PROBLEM", "REASON", "CURE"],
      rightAligned: [1],
      rows: problems.map { problem in
        [
          problem.node.description, "\(problem.wave)", problem.effect.rawValue, problem.kind.rawValue, problem.reason,
          problem.cure,
        ]
      }
    )
    let counts = [Problem.Effect.fails, .waits, .doubtful].compactMap { effect in
      let count = Set(problems.filter { $0.effect == effect }.map(\.node)).count
      return count > 0 ? "\(count) \(effect.rawValue)" : nil
    }
    lines.append("nodes with problems: \(counts.joined(separator: ", "))")
    return lines.joined(separator: "\n") + "\n"
  }

  private var hoursLines: [String] {
    guard let window else { return [] }
    let line = "bytes go at \(window) by each store's clock"
    guard let first = closed.min(by: { $0.opens < $1.opens }) else { return ["\(line); all stores are open now"] }
    let opening = Date(timeIntervalSince1970: first.opens).formatted(.iso8601)
    return [
      "\(line); \(Words.stores(closed.count)) waited for, \(first.store) (\(first.timezone)) until \(opening)"
    ]
  }
}
