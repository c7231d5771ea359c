/// A processor that slows itself down because of heat answers late before any temperature looks wrong.
struct ThrottlingRule: Rule {
  private static let windowSeconds = 10.0
  /// Fewer times within the window are no trouble yet.
  private static let leastTimes = 3.0

  private var watch = LimitWatch(Hysteresis(degradedAfter: 10, faultyAfter: 120, clearAfter: 30))
  private var marks: [(seconds: Double, count: Double)] = []

  mutating func judge(_ sample: HealthSample) -> [Finding] {
    watch.update(measure(sample), at: sample)
    return [watch.finding(.throttling, doubt: "the counter is gone", at: sample)].compactMap(\.self)
  }

  private mutating func measure(_ sample: HealthSample) -> LimitWatch.Measure? {
    guard let count = sample.throttles.value, count.isFinite else {
      marks = []
      return nil
    }
    // A counter that began anew tells nothing of what was before.
    if let last = marks.last, last.count > count { marks = [] }
    marks.append((sample.seconds, count))
    if let start = marks.lastIndex(where: { sample.seconds - $0.seconds >= Self.windowSeconds }) {
      marks.removeFirst(start)
    }
    guard let start = marks.first, marks.count > 1 else { return nil }
    let times = count - start.count
    let text = "\(HealthText.rounded(times)) times in \(HealthText.rounded(sample.seconds - start.seconds)) s"
    return LimitWatch.Measure(
      times >= Self.leastTimes ? .over : times > 0 ? .between : .clear,
      value: times,
      limit: Self.leastTimes,
      unit: "times in 10 s",
      now: "the processor slows itself down because of heat, \(text),",
      before: "the processor slowed itself down because of heat",
      text: text
    )
  }
}
