/// One rule's memory. Legal moves: healthy to degraded to faulty while it is over its limit without a break, back to healthy
/// only after it was clear without a break. Unknown and between move nothing, but they interrupt what was being counted towards
/// healthy, and all but unknown interrupt what was being counted towards faulty. Whatever the times are, a move takes several samples.
struct Hysteresis: Sendable {
  enum Observation: Sendable {
    case over
    /// Under the limit, but too close to call it clear.
    case between
    case clear
    case unknown
  }

  /// No move is made on fewer samples that say the same in a row, unknown ones left out.
  static let leastSamples = 3

  private let degradedAfter: Double
  private let faultyAfter: Double
  private let clearAfter: Double
  private(set) var level = Health.healthy
  private(set) var last = Observation.unknown
  private var overSince: Double?
  /// Since when it was over without evidence to the contrary, and in how many samples.
  private var runSince: Double?
  private var runSamples = 0
  private var clearSince: Double?
  private var clearSamples = 0
  private var lastOver: Double = 0

  /// Times in seconds; infinite for a level that the rule never comes to.
  init(degradedAfter: Double, faultyAfter: Double = .infinity, clearAfter: Double) {
    self.degradedAfter = degradedAfter
    self.faultyAfter = faultyAfter
    self.clearAfter = clearAfter
  }

  mutating func update(_ observation: Observation, at seconds: Double) {
    last = observation
    switch observation {
    case .over:
      endClearing()
      lastOver = seconds
      overSince = overSince ?? seconds
      let since = runSince ?? seconds
      runSince = since
      runSamples += 1
      guard runSamples >= Self.leastSamples else { return }
      if seconds - since >= faultyAfter {
        level = .faulty
      } else if seconds - since >= degradedAfter {
        level = max(level, .degraded)
      }
    case .clear:
      let since = clearSince ?? seconds
      clearSince = since
      clearSamples += 1
      endRun()
      if level == .healthy || seconds - since >= clearAfter && clearSamples >= Self.leastSamples {
        level = .healthy
        overSince = nil
      }
    case .between:
      endClearing()
      endRun()
      if level == .healthy { overSince = nil }
    case .unknown:
      endClearing()
      if level == .healthy {
        overSince = nil
        endRun()
      }
    }
  }

  /// From when the rule was first over its limit to when it last was.
  func secondsOver(at seconds: Double) -> Double {
    overSince.map { lastOver - $0 } ?? 0
  }

  /// When the rule was first over its limit.
  var since: Double? { overSince }

  private mutating func endRun() {
    runSince = nil
    runSamples = 0
  }

  private mutating func endClearing() {
    clearSince = nil
    clearSamples = 0
  }
}
