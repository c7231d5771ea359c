import FoundationEssentials

/// A clock that differs from those of the siblings. With one sibling nobody knows whose is wrong, unless ours was seen to jump; with more,
/// those that agree are believed.
struct ClockRule: Rule {
  private let limit: Double
  private var watch = LimitWatch(Hysteresis(degradedAfter: 10, clearAfter: 10))
  /// What the time of day was at second 0, when it was seen first: a clock that is set moves it.
  private var dayOffset: Double?

  init(limits: HealthLimits) {
    limit = limits.clockSeconds
  }

  mutating func judge(_ sample: HealthSample) -> [Finding] {
    let offset = sample.date.timeIntervalSince1970 - sample.seconds
    let first = dayOffset ?? offset
    dayOffset = first
    watch.update(measure(sample, jump: offset - first), at: sample)
    return [watch.finding(.clock, doubt: "no sibling says what time it has", at: sample)].compactMap(\.self)
  }

  /// `jump` is by how many seconds our clock was set forward since it was first seen.
  private func measure(_ sample: HealthSample, jump: Double) -> LimitWatch.Measure? {
    let known = sample.siblings.compactMap { sibling in sibling.clock.map { (sibling.name, $0) } }
      .filter { $0.1.uncertainty < limit / 2 }.sorted { $0.1.secondsAhead < $1.1.secondsAhead }
    guard let least = known.first, let most = known.last else { return nil }
    let (name, middle) = known[known.count / 2]
    let ahead = middle.secondsAhead
    let distance = max(0, ahead.magnitude - middle.uncertainty)
    if distance > limit {
      let agree = known.count > 1 && most.1.secondsAhead - least.1.secondsAhead < limit
      let isOurs = jump.magnitude > limit && (ahead + jump).magnitude < limit
      guard agree || isOurs else { return nil }
    }
    let text = "\(HealthText.time(ahead.magnitude)) \(ahead > 0 ? "behind" : "ahead of") \(name)"
    return LimitWatch.Measure(
      distance > limit ? .over : distance < 0.8 * limit ? .clear : .between,
      value: -ahead,
      limit: limit,
      unit: "s",
      now: "the clock is \(text)'s, more than \(HealthText.time(limit)),",
      before: "the clock was off",
      text: "\(text)'s"
    )
  }
}
