import Glibc

/// The measured energy of an inference against what the same load took before: a fan that stands still, a battery that charges, a process
/// that does not belong there. Estimates follow from the load and can show nothing.
struct EnergyRule: Rule {
  private static let windowSeconds = 30.0
  private static let leastInferences: UInt64 = 100
  /// Steps of the load in which it is compared: a box at half the load spends more on each inference.
  private static let stepsPerOctave = 4.0
  private static let maximumSteps = 128
  /// Of what was before: windows that are enough to compare with, and how many are remembered.
  private static let leastWindows = 10.0
  private static let mostWindows = 120.0

  private struct Work {
    var joules = 0.0
    var inferences = 0.0
    var windows = 0.0
  }

  private let times: Double
  private var before: [Int: Work] = [:]
  private var start: (seconds: Double, joules: Double, inferences: UInt64)?
  /// The last window, which counts as usual when the next one is too.
  private var waiting: (step: Int, work: Work)?
  private var versions: Set<ModelVersion> = []
  private var watch = LimitWatch(Hysteresis(degradedAfter: 60, clearAfter: 60))

  init(limits: HealthLimits) {
    times = limits.timesEnergy
  }

  mutating func judge(_ sample: HealthSample) -> [Finding] {
    let versions = Set(sample.models.map(\.version))
    if versions != self.versions, !versions.isEmpty {
      self.versions = versions
      (before, waiting, start) = ([:], nil, nil)
      watch = LimitWatch(Hysteresis(degradedAfter: 60, clearAfter: 60))
    }
    guard case .measured(let joules) = sample.joules, joules.isFinite else {
      start = nil
      watch.update(nil, at: sample)
      return finding(sample)
    }
    guard let begun = start, joules >= begun.joules, sample.inferences >= begun.inferences else {
      start = (sample.seconds, joules, sample.inferences)
      return finding(sample)
    }
    let seconds = sample.seconds - begun.seconds
    guard seconds >= Self.windowSeconds else { return finding(sample) }
    start = (sample.seconds, joules, sample.inferences)
    look(joules - begun.joules, sample.inferences - begun.inferences, seconds, sample)
    return finding(sample)
  }

  private func finding(_ sample: HealthSample) -> [Finding] {
    [watch.finding(.energy, doubt: "nothing was measured since", at: sample)].compactMap(\.self)
  }

  private mutating func look(_ joules: Double, _ inferences: UInt64, _ seconds: Double, _ sample: HealthSample) {
    guard inferences >= Self.leastInferences else {
      waiting = nil
      return watch.update(nil, at: sample)
    }
    let step = Int((log2(Double(inferences) / seconds) * Self.stepsPerOctave).rounded(.down))
    let work = Work(joules: joules, inferences: Double(inferences), windows: 1)
    guard let usual = before[step], usual.windows >= Self.leastWindows else {
      learn(step, work)
      return watch.update(nil, at: sample)
    }
    let limit = times * usual.joules / usual.inferences
    let measure = LimitWatch.Measure(
      "energy",
      joules / Double(inferences),
      over: limit,
      clearBelow: 0.8 * limit,
      unit: "J per inference",
      limitText:
        "\(HealthText.rounded(times)) times the \(HealthText.rounded(limit / times)) J that this load took before",
      samples: inferences
    )
    watch.update(measure, at: sample)
    if measure.observation == .over || watch.level > .healthy { waiting = nil } else { learn(step, work) }
  }

  private mutating func learn(_ step: Int, _ work: Work) {
    if let waiting, before.count < Self.maximumSteps || before[waiting.step] != nil {
      var sum = before[waiting.step] ?? Work()
      if sum.windows >= Self.mostWindows {
        sum = Work(joules: sum.joules / 2, inferences: sum.inferences / 2, windows: sum.windows / 2)
      }
      sum.joules += waiting.work.joules
      sum.inferences += waiting.work.inferences
      sum.windows += 1
      before[waiting.step] = sum
    }
    waiting = (step, work)
  }
}
