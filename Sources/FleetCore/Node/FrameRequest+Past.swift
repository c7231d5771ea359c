internal import FoundationEssentials

extension FrameRequest {
  /// Agents keep a frame a second, so closer ones are not to be had.
  private static let keptInterval = Duration.seconds(1)

  /// Which of the frames that an agent kept, oldest first, a watcher gets before anything new: the newest, and others at the asked
  /// interval before it, as nearly as there are. With a longer interval only those whose counters go on in the newest one: two
  /// frames that are 10 s apart then tell as much of these 10 s as all in between.
  package func past(of kept: [Frame]) -> [Frame] {
    guard interval > Self.keptInterval, let newest = kept.last else { return Array(kept.suffix(history)) }
    guard history > 0 else { return [] }
    let first = kept.lastIndex { !$0.isComparable(with: newest) }.map { $0 + 1 } ?? 0
    var chosen = [kept.count - 1]
    for step in 1..<max(1, min(history, kept.count)) {
      guard let last = chosen.last, last > first else { break }
      let target = newest.time.addingTimeInterval(-interval.seconds * Double(step))
      func distance(_ index: Int) -> Double { abs(kept[index].time.timeIntervalSince(target)) }
      var nearest = last - 1
      while nearest > first, distance(nearest - 1) <= distance(nearest) { nearest -= 1 }
      chosen.append(nearest)
    }
    return chosen.reversed().map { kept[$0] }
  }
}

extension Frame {
  /// Whether both are of one run of the agent and of the engine: what began anew counts from zero again.
  package func isComparable(with other: Frame) -> Bool {
    agentStarted == other.agentStarted && engine.restarts == other.engine.restarts && engine.pid == other.engine.pid
  }
}
