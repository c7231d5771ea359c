import FoundationEssentials

/// Sensors and counters that say what cannot be. What they say is not shown; that they do so again and again is.
struct ReadingRule: Rule {
  /// One odd value is forgotten after this time.
  private static let memorySeconds = 60.0
  private static let maximumSubjects = 64

  private struct Memory {
    var first: Double
    var last: Double
    var count: Int
    var text: String
  }

  private var memories: [String: Memory] = [:]

  mutating func judge(_ sample: HealthSample) -> [Finding] {
    memories = memories.filter { sample.seconds - $0.value.last <= Self.memorySeconds }
    for reading in sample.impossible {
      guard memories.count < Self.maximumSubjects || memories[reading.subject] != nil else { continue }
      var memory =
        memories[reading.subject]
        ?? Memory(first: sample.seconds, last: sample.seconds, count: 0, text: reading.text)
      memory.last = sample.seconds
      memory.count += 1
      memory.text = reading.text
      memories[reading.subject] = memory
    }
    return memories.sorted { $0.key < $1.key }.filter { $0.value.count >= Hysteresis.leastSamples }.map {
      subject,
      memory in
      Finding(
        .reading,
        subject: subject,
        health: .degraded,
        text:
          "\(subject): \(memory.text) cannot be, \(memory.count) times in \(HealthText.time(memory.last - memory.first))",
        since: sample.date.addingTimeInterval(memory.first - sample.seconds),
        samples: UInt64(memory.count)
      )
    }
  }
}
