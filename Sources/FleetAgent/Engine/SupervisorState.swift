package import FleetCore
package import FleetWire

/// What the supervisor knows of its engine and what follows from it. No I/O: it is told what happened and says what to do.
///
/// Legal moves of the phase:
///
///     away ─spawned─▶ starting ─answered─▶ answering ─silent or computing too long─▶ condemned
///      ▲                 │                     │                                       │
///      └─────────────────┴──────── ended ──────┴───────────────────────────────────────┘
///
/// Times are seconds on a clock that never goes back.
package struct SupervisorState: Sendable, Equatable {
  /// Silence of an engine that has answered before, after which it counts as hung.
  package static let silenceLimit = 5.0
  /// No more than this of the time between two polls counts as silence: an agent that was stopped has not listened.
  package static let longestListening = 2.0
  /// The same for one that is still loading its runtime.
  package static let startLimit = 30.0
  /// So long a life without an end forgives all earlier ends.
  package static let forgiveness = 60.0
  /// Clients wait meanwhile, in the sockets' queues: an engine is back in at most 2 s and its cached load.
  package static let longestDelay = 1.5
  /// An active version whose loading ended the engine so often is left out at the next start.
  package static let loadingEndsLimit = 2
  /// A version with so many crashes within `crashWindow` seconds is not to be served any more.
  package static let crashLimit = 3
  package static let crashWindow = 60.0

  package enum Phase: Sendable, Equatable {
    /// No process; the next is due at `spawnAt`.
    case away(spawnAt: Double)
    /// There is a process that has not answered yet.
    case starting
    case answering(since: Double)
    /// To be killed; its end will be seen.
    case condemned
  }

  private struct Silence: Sendable, Equatable {
    /// When the newest poll without an answer was.
    var last: Double
    var seconds: Double
  }

  package private(set) var phase: Phase
  package private(set) var pid: Int32?
  package private(set) var restarts: UInt64 = 0
  /// The engine's newest report; nil while none has come from the engine that runs now.
  package private(set) var report: EngineReport?
  /// How the last engine ended, kept until its successor has lived long enough.
  package private(set) var lastEnd: String?
  /// By model: why its active version is not what is served, or why nothing is.
  private var loadProblems: [String: String] = [:]
  package private(set) var isLoading = false
  /// The model whose turn it is after a start.
  private var loadingModel: String?
  /// By model: ends of engines while they loaded it after a start.
  private var endsWhileLoading: [String: Int] = [:]
  private var endsInARow = 0
  /// By version: when engines crashed at it, within the window.
  private var crashes: [ModelVersion: [Double]] = [:]
  /// By model: what was done about a version that kept crashing.
  private var retirements: [String: String] = [:]
  /// Why the engine that runs is to be killed, unless it is for its silence.
  private var condemnation: String?
  private var hasEnded = false
  /// Begins with the first poll that has no answer; only what was listened to counts.
  private var silence: Silence?

  package init(at seconds: Double) {
    phase = .away(spawnAt: seconds)
  }

  package mutating func spawned(pid: Int32) {
    precondition(self.pid == nil, "an engine is running already")
    phase = .starting
    silence = nil
    self.pid = pid
  }

  /// It answered. True the first time: then it is told what to load.
  package mutating func answered(_ report: EngineReport, at seconds: Double) -> Bool {
    switch phase {
    case .away, .condemned: return false
    case .starting:
      silence = nil
      phase = .answering(since: seconds)
      self.report = report
      return true
    case .answering(let since):
      silence = nil
      self.report = report
      if seconds - since >= Self.forgiveness, !report.models.isEmpty {
        endsInARow = 0
        lastEnd = nil
      }
      return false
    }
  }

  package mutating func beganLoading() {
    isLoading = true
    loadProblems = [:]
  }

  /// It is told to load `model` next; an end from now on is that model's.
  package mutating func loads(_ model: String) {
    loadingModel = model
  }

  /// `problems` tells by model what went wrong; nothing of one whose active version is served.
  package mutating func finishedLoading(problems: [String: String]) {
    isLoading = false
    loadingModel = nil
    loadProblems = problems
    if case .answering = phase { endsWhileLoading = [:] }
  }

  /// An order of the operator's loaded a version of `model`: what was wrong with it before is past.
  package mutating func activated(_ model: String) {
    loadProblems[model] = nil
    endsWhileLoading[model] = nil
    retirements[model] = nil
  }

  /// A poll had no answer. True when it has been silent for too long and has to be killed; told once.
  package mutating func didNotAnswer(at seconds: Double) -> Bool {
    let before = silence ?? Silence(last: seconds, seconds: 0)
    let listened = before.seconds + min(max(0, seconds - before.last), Self.longestListening)
    silence = Silence(last: seconds, seconds: listened)
    let isHung =
      switch phase {
      case .starting: listened > Self.startLimit
      case .answering: listened > Self.silenceLimit
      case .away, .condemned: false
      }
    if isHung { phase = .condemned }
    return isHung
  }

  /// After a report: why the engine has to be killed, when it computes for longer than it may; told once.
  package mutating func condemnOverdue() -> String? {
    guard case .answering = phase, let overdue = report?.computing.first(where: { $0.seconds > $0.limitSeconds }) else {
      return nil
    }
    let limit = Quantity.text(.milliseconds(Int64((overdue.limitSeconds * 1000).rounded())))
    let words = "\(overdue.version) computed for more than its limit of \(limit) and was killed"
    phase = .condemned
    condemnation = words
    return words
  }

  /// The process is gone, or could not be started. `versions` are those it was at; `jitter` is a random number from 0 to 1. Answers the
  /// versions that have crashed too often now; their counts begin anew.
  @discardableResult
  package mutating func ended(
    _ words: String,
    isPlanned: Bool,
    versions: [ModelVersion] = [],
    at seconds: Double,
    jitter: Double
  ) -> [ModelVersion] {
    if isLoading, !isPlanned, let loadingModel { endsWhileLoading[loadingModel, default: 0] += 1 }
    pid = nil
    report = nil
    silence = nil
    isLoading = false
    loadingModel = nil
    hasEnded = true
    let delay: Double
    if isPlanned {
      delay = 0
    } else {
      restarts += 1
      endsInARow += 1
      lastEnd = phase == .condemned ? condemnation ?? "it did not answer and was killed" : words
      // The first restart comes at once, give or take; then 0.2 s, 0.4 s and so on.
      let base = endsInARow == 1 ? 0.08 : 0.1 * Double(1 << min(endsInARow - 1, 10))
      delay = min(base, Self.longestDelay) * (0.75 + 0.25 * jitter)
    }
    condemnation = nil
    phase = .away(spawnAt: seconds + delay)
    return isPlanned ? [] : countCrash(of: Set(versions), at: seconds)
  }

  private mutating func countCrash(of versions: Set<ModelVersion>, at seconds: Double) -> [ModelVersion] {
    for version in versions { crashes[version, default: []].append(seconds) }
    crashes = crashes.mapValues { $0.filter { seconds - $0 <= Self.crashWindow } }.filter { !$0.value.isEmpty }
    let repeated = versions.filter { crashes[$0, default: []].count >= Self.crashLimit }
    for version in repeated { crashes[version] = nil }
    return repeated.sorted()
  }

  /// What was done about `version`, which crashed too often: told until another version of its model is activated.
  package mutating func retired(_ version: ModelVersion, _ words: String) {
    retirements[version.name] = words
  }

  /// How often loading `model` after a start has ended the engine.
  package func endsWhileLoading(_ model: String) -> Int { endsWhileLoading[model] ?? 0 }

  /// Whether the version that is active on disk should be passed over because loading it ends engines.
  package func shouldPassOverActive(of model: String) -> Bool { endsWhileLoading(model) >= Self.loadingEndsLimit }

  /// Why the active version of a model is not what is served, or why nothing is.
  package var loadProblem: String? {
    loadProblems.isEmpty ? nil : loadProblems.sorted { $0.key < $1.key }.map(\.value).joined(separator: "; ")
  }

  package var state: EngineStatus.State {
    switch phase {
    case .away: return hasEnded ? .restarting : .starting
    case .starting: return .starting
    case .condemned: return .hung
    case .answering:
      if let report, !report.models.isEmpty { return .serving }
      if isLoading { return .starting }
      return report?.problem != nil || loadProblem != nil ? .failed : .idle
    }
  }

  package var problem: String? {
    let retirement =
      retirements.isEmpty ? nil : retirements.sorted { $0.key < $1.key }.map(\.value).joined(separator: "; ")
    return loadProblem ?? retirement ?? report?.problem ?? lastEnd
  }
}
