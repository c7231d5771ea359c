import FoundationEssentials

/// Holds one value against its limit, and remembers what was measured last, so that a verdict carries its evidence.
struct LimitWatch: Sendable {
  /// One look at the value. Its words stay true when the value is within the limit again and the rule still speaks.
  struct Measure: Sendable {
    var observation: Hysteresis.Observation
    var value: Double
    var limit: Double
    var unit: String
    /// What the value was made of, such as requests; nil when it is one reading.
    var samples: UInt64?
    /// `p99 131 ms is over the SLO of 50 ms`
    var now: String
    /// `p99 was over the SLO of 50 ms`
    var before: String
    /// `131 ms`
    var text: String

    /// Of a value that may not be over a limit. Between `clearBelow` and the limit it is neither.
    init(
      _ what: String,
      _ value: Double,
      over limit: Double,
      clearBelow: Double,
      unit: String,
      limitText: String,
      samples: UInt64? = nil
    ) {
      // A value that is no number is no evidence.
      observation = value.isNaN ? .unknown : value > limit ? .over : value < clearBelow ? .clear : .between
      text = Self.text(value, unit)
      now = "\(what) \(text) is over \(limitText)"
      before = "\(what) was over \(limitText)"
      (self.value, self.limit, self.unit, self.samples) = (value, limit, unit, samples)
    }

    /// In words of its own.
    init(
      _ observation: Hysteresis.Observation,
      value: Double,
      limit: Double,
      unit: String,
      now: String,
      before: String,
      text: String
    ) {
      self.observation = observation
      (self.value, self.limit, self.unit, self.now, self.before, self.text) = (value, limit, unit, now, before, text)
    }

    static func text(_ value: Double, _ unit: String) -> String {
      HealthText.rounded(value) + (unit == "%" ? "%" : unit.isEmpty ? "" : " \(unit)")
    }
  }

  private(set) var hysteresis: Hysteresis
  private var measure: Measure?
  /// The time of day at second 0 of the rule's clock.
  private var dayOffset = 0.0

  init(_ hysteresis: Hysteresis) {
    self.hysteresis = hysteresis
  }

  var level: Health { hysteresis.level }

  /// `measure` is nil when there is too little to go by.
  mutating func update(_ measure: Measure?, at sample: HealthSample) {
    hysteresis.update(measure?.observation ?? .unknown, at: sample.seconds)
    if let measure, measure.observation != .unknown { self.measure = measure }
    dayOffset = sample.date.timeIntervalSince1970 - sample.seconds
  }

  /// Nil while all is well. `doubt` is said of a verdict that nothing was measured for lately.
  func finding(_ rule: HealthRule, subject: String = "", doubt: String, at sample: HealthSample) -> Finding? {
    guard level > .healthy, let measure else { return nil }
    let seconds = Int(hysteresis.secondsOver(at: sample.seconds))
    let isOver = hysteresis.last == .over || hysteresis.last == .unknown && measure.observation == .over
    let words = isOver ? "\(measure.now) for \(seconds) s" : "\(measure.before) for \(seconds) s, now \(measure.text)"
    return Finding(
      rule,
      subject: subject,
      health: level,
      text: words + (hysteresis.last == .unknown ? ", and \(doubt)" : ""),
      since: hysteresis.since.map { Date(timeIntervalSince1970: dayOffset + $0) },
      value: measure.value,
      limit: measure.limit,
      unit: measure.unit,
      samples: measure.samples
    )
  }
}

/// Numbers as verdicts say them.
enum HealthText {
  static func rounded(_ value: Double) -> String {
    // A broken sensor may say anything; only what fits an integer is shortened.
    guard value.magnitude < 1e15 else { return String(value) }
    if value.magnitude < 0.1, value != 0 { return String((value * 1000).rounded() / 1000) }
    let tenths = (value * 10).rounded() / 10
    return value >= 100 || tenths == tenths.rounded() ? String(Int(value.rounded())) : String(tenths)
  }

  /// `1 h`, `12 min`, `45 s`, `3 days`.
  static func time(_ seconds: Double) -> String {
    let seconds = max(0, min(seconds, 1e10))
    if seconds >= 172_800 { return "\(Int(seconds / 86_400)) days" }
    if seconds >= 7200 { return "\(Int(seconds / 3600)) h" }
    return seconds >= 120 ? "\(Int(seconds / 60)) min" : "\(rounded(seconds)) s"
  }
}
