internal import FleetCore

extension FleetDifference {
  /// For a terminal: every node that differs or is unknown, and how many there are of each.
  package var text: String {
    let rows = entries.filter { $0.state != .same || !$0.reason.isEmpty }.map { entry in
      [
        entry.node.description, "\(entry.desired)", entry.served?.description ?? Format.absent, entry.state.rawValue,
        ([entry.reason, entry.obstacle].compactMap(\.self) + (entry.isSimulated == true ? ["simulated"] : []))
          .filter { !$0.isEmpty }.joined(separator: "; "),
      ]
    }
    var lines =
      rows.isEmpty ? [] : TextTable.lines(titles: ["NODE", "SHOULD SERVE", "SERVES", "STATE", "WHY"], rows: rows)
    lines += problems
    let simulated = entries.contains { $0.isSimulated == true } ? ", simulated" : ""
    let counts = Entry.State.allCases.filter { count($0) > 0 }.map { state in
      "\(count(state)) \(state == .differs && count(state) > 1 ? "differ" : state.rawValue)"
    }
    let nodes = Set(entries.map(\.node)).count
    lines.append("\(Words.nodes(nodes)) of fleet '\(fleet)'\(simulated): \(counts.joined(separator: ", "))")
    return lines.joined(separator: "\n") + "\n"
  }
}
