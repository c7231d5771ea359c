/// Takes out of frames what sensors and counters said and cannot be, so that nothing shows it as a fact, and tells of it.
package struct ReadingGuard: Sendable {
  /// The highest value so far of what only counts up, by its name.
  private var counters: [String: Double] = [:]

  package init() {}

  /// Replaces each reading of the frame that cannot be by its absence.
  package mutating func clean(_ frame: inout Frame) -> [ImpossibleReading] {
    var found: [ImpossibleReading] = []
    for index in frame.accelerators.indices {
      let device = "\(frame.accelerators[index].kind) \(index)"
      check(&frame.accelerators[index].utilization, "utilization of \(device)", 0...1, &found)
      check(&frame.accelerators[index].watts, "watts of \(device)", 0...10_000, &found)
      check(&frame.accelerators[index].celsius, "temperature of \(device)", -60...200, &found)
      check(&frame.accelerators[index].memoryUsedBytes, "memory used of \(device)", Self.sizes, &found)
      check(&frame.accelerators[index].memoryTotalBytes, "memory of \(device)", Self.sizes, &found)
      // An estimate and a sensor count apart.
      let source = frame.accelerators[index].joules.isEstimate ? "estimated" : "measured"
      let counter = "\(source) joules \(index)"
      check(&frame.accelerators[index].joules, "energy of \(device)", Self.sizes, counter: counter, &found)
    }
    check(&frame.memoryUsedBytes, "memory used", Self.sizes, &found)
    check(&frame.memoryTotalBytes, "memory", Self.sizes, &found)
    check(&frame.diskFreeBytes, "free disk", Self.sizes, &found)
    check(&frame.agent.cpuSeconds, "CPU time of the agent", Self.sizes, counter: "agent", &found)
    check(&frame.agent.residentBytes, "memory of the agent", Self.sizes, &found)
    // Another process counts anew.
    let engine = "engine \(frame.engine.process.pid)"
    counters = counters.filter { !$0.key.hasPrefix("engine ") || $0.key == engine }
    check(&frame.engine.process.cpuSeconds, "CPU time of the engine", Self.sizes, counter: engine, &found)
    check(&frame.engine.process.residentBytes, "memory of the engine", Self.sizes, &found)
    return found
  }

  private static let sizes = 0...1e18

  private mutating func check(
    _ reading: inout Reading,
    _ subject: String,
    _ plausible: ClosedRange<Double>,
    counter: String? = nil,
    _ found: inout [ImpossibleReading]
  ) {
    guard let value = reading.value else {
      if let said = reading.impossible { found.append(ImpossibleReading(subject: subject, text: said)) }
      return
    }
    var said = plausible.contains(value) ? nil : "\(value)"
    if let counter, said == nil {
      if let before = counters[counter], value < before { said = "a counter that went back from \(before) to \(value)" }
      counters[counter] = value
    }
    guard let said else { return }
    reading = .impossible(said)
    found.append(ImpossibleReading(subject: subject, text: said))
  }
}

extension Reading {
  private static let impossiblePrefix = "impossible reading: "

  /// In the place of a value that cannot be: `impossible reading: -3`.
  package static func impossible(_ said: String) -> Reading { .absent(impossiblePrefix + said) }

  /// What was said in the place of this reading, if that could not be.
  package var impossible: String? {
    guard let absence, absence.hasPrefix(Self.impossiblePrefix) else { return nil }
    return String(absence.dropFirst(Self.impossiblePrefix.count))
  }
}
