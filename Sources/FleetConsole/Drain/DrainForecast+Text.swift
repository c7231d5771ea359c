internal import FleetCore

extension DrainForecast {
  /// What `fleet drain --plan` prints.
  package var lines: [String] {
    nodes.flatMap { node in [Self.headline(node)] + text(node).map { "  \($0)" } }
  }

  private static func headline(_ node: Node) -> String {
    if !node.obstacles.isEmpty {
      let force = node.needsForce && node.condition != .unreachable && node.availability != .drained
      return "\(node.name): would not be drained\(force ? " without --force" : "")"
    }
    return "\(node.name): would be drained\(node.doubts.isEmpty ? "" : ", but look at what follows")"
  }

  private func text(_ node: Node) -> [String] {
    var lines = node.obstacles.map { "✖ \($0)" } + node.doubts.map { "◐ \($0)" }
    lines.append("in flight now   \(node.inFlight)")
    for heir in node.heirs {
      lines.append(
        heir.obstacle.map { "not taken over by \(heir.name): \($0)" }
          ?? "taken over by   \(heir.name) (\(heir.condition.rawValue))"
      )
    }
    if node.heirs.isEmpty { lines.append("taken over by   nobody: the store has no other node") }
    for model in node.models { lines += text(model) }
    lines.append("affected        \(Self.affected(node))")
    return lines
  }

  private func text(_ model: Model) -> [String] {
    let after = Self.number(model.capacityLeft) { "\(Format.rate($0)) requests/s" }
    let p99 = Self.number(model.p99Expected) { "\(Format.number($0)) ms" }
    let now = Self.number(model.p99Now) { "\(Format.number($0)) ms" }
    return [
      "\(model.version)  \(Self.number(model.load) { "\(Format.rate($0)) requests/s" }) would move",
      "  capacity left at the SLO of \(Format.number(limit)) ms  \(after)",
      "  p99 on the siblings  \(now) now, \(p99) to expect",
    ]
  }

  static func affected(_ node: Node) -> String {
    guard let clients = node.clients, !clients.isEmpty else {
      return "apps of \(node.name.store), named only while it drains"
    }
    return clients.map { "\($0.address) (\(Format.rate($0.perSecond)) requests/s)" }.joined(separator: ", ")
  }

  /// `~41 requests/s`, or `unknown: why`.
  static func number(_ reading: Reading, _ words: (Double) -> String) -> String {
    reading.absence.map { "unknown: \($0)" } ?? Format.reading(reading, words)
  }
}
