/// One rule's memory. Legal moves: healthy to degraded to faulty while it is over its limit without a break, back to healthy
/// only after it was clear without a break. Unknown and between move nothing, but they interrupt what was being counted towards
/// healthy, and all but unknown interrupt what was being counted towards faulty.
struct Hysteresis: Sendable {
  enum Observation: Sendable {
    case over
    /// Under the limit, but too close to call it clear.
    case between
    case clear
    case unknown
  }

  private let degradedAfter: Double
  private let faultyAfter: Double
  private let clearAfter: Double
  private(set) var level = Health.healthy
  private(set) var last = Observation.unknown
  private var overSince: Double?
  /// Since when it was over without evidence to the contrary.
  private var runSince: Double?
  private var clearSince: Double?
  private var lastOver: Double = 0

  /// Times in seconds.
  init(degradedAfter: Double, faultyAfter: Double, clearAfter: Double) {
    self.degradedAfter = degradedAfter
    self.faultyAfter = faultyAfter
    self.clearAfter = clearAfter
  }

  mutating func update(_ observation: Observation, at seconds: Double) {
    last = observation
    switch observation {
    case .over:
      clearSince = nil
      lastOver = seconds
      overSince = overSince ?? seconds
      let since = runSince ?? seconds
      runSince = since
      if seconds - since >= faultyAfter {
        level = .faulty
      } else if seconds - since >= degradedAfter {
        level = max(level, .degraded)
      }
    case .clear:
      let since = clearSince ?? seconds
      clearSince = since
      runSince = nil
      if level == .healthy || seconds - since >= clearAfter {
        level = .healthy
        overSince = nil
      }
    case .between:
      clearSince = nil
      runSince = nil
      if level == .healthy { overSince = nil }
    case .unknown:
      clearSince = nil
      if level == .healthy {
        overSince = nil
        runSince = nil
      }
    }
  }

  /// From when the rule was first over its limit to when it last was.
  func secondsOver(at seconds: Double) -> Double {
    overSince.map { lastOver - $0 } ?? 0
  }
}
