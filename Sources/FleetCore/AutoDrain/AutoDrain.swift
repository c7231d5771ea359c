package import FoundationEssentials

/// Decides when a node drains itself and when it comes back. No I/O and no clock: it is shown the node every tick and says what to do;
/// whether the node may is the budget's to say.
///
///     watching ─faulty for `after`─▶ draining ─rested, and not seen faulty─▶ probation ─served well─▶ watching
///        ▲  ▲         (refused: asked again later)     │                       │
///        │  └──────────── a person undrains ───────────┤          faulty again: drained for good
///        │                                             ▼                       ▼
///        └──────────────── a person undrains ──────── held ◀───────────────────┘
///
/// A fault that only requests can show is not seen while the node is away, so it is tried out: that costs a node which is still
/// faulty one return to service, and no second one.
package struct AutoDrain: Sendable, Equatable, Codable {
  package static let orderedBy = "auto-drain"

  /// What a tick shows of the node.
  package struct Sight: Sendable {
    /// On a clock that never goes back.
    package var seconds: Double
    package var date: Date
    package var health: Health
    /// The worst that the health rules say.
    package var reason: String
    /// Whether only requests could show that it is well again.
    package var needsRequests: Bool
    package var availability: Availability
    /// Who ordered the drain; nil while it serves.
    package var drainedBy: String?

    package init(
      seconds: Double,
      date: Date,
      health: Health,
      reason: String,
      needsRequests: Bool,
      availability: Availability,
      drainedBy: String?
    ) {
      self.seconds = seconds
      self.date = date
      self.health = health
      self.reason = reason
      self.needsRequests = needsRequests
      self.availability = availability
      self.drainedBy = drainedBy
    }
  }

  package enum Action: Sendable, Equatable {
    case none
    /// Drain with this reason, if siblings agree: `ordered` or `refused` tells what came of it.
    case drain(reason: String)
    case undrain
  }

  /// Faulty for so long in its probation, and it was too early.
  static let relapseSeconds = 15.0
  /// How long until it asks again when siblings said no; twice as long each time.
  static let firstRetrySeconds = 10.0
  static let lastRetrySeconds = 300.0
  /// A node that drained itself this long ago and does so again is no passing trouble.
  static let memorySeconds = 86_400.0

  package private(set) var stage = AutoDrainStatus.Stage.watching
  private var since: Date?
  private var text = ""
  /// When it drained itself last.
  private var lastDrain: Date?
  /// A person undrained it although it was faulty: it is let alone until it was well once.
  private var isOverruled = false
  private var faultySince: Double?
  private var stageSeconds: Double?
  private var nextTry: Double?
  private var tries = 0
  /// An order is being carried out.
  private var isWaiting = false

  private enum CodingKeys: String, CodingKey {
    case stage, since, text, lastDrain, isOverruled
  }

  package init() {}

  /// What has to be on disk.
  package var kept: AutoDrain {
    var kept = AutoDrain()
    (kept.stage, kept.since, kept.text, kept.lastDrain, kept.isOverruled) = (stage, since, text, lastDrain, isOverruled)
    return kept
  }

  package func status(_ mode: AutoDrainStatus.Mode) -> AutoDrainStatus {
    AutoDrainStatus(mode: mode, stage: stage, text: text, since: since)
  }

  // MARK: Every tick

  package mutating func observe(_ sight: Sight, _ rule: AutoDrainRule) -> Action {
    if sight.health == .faulty {
      faultySince = faultySince ?? sight.seconds
    } else {
      faultySince = nil
      if sight.availability == .serving { isOverruled = false }
    }
    if stageSeconds == nil { stageSeconds = sight.seconds }
    guard !isWaiting else { return .none }
    switch stage {
    case .watching, .wouldDrain, .refused: return watch(sight, rule)
    case .draining: return rest(sight, rule)
    case .probation: return serve(sight, rule)
    case .held:
      if sight.availability == .serving { overrule(sight) }
      return .none
    }
  }

  private mutating func watch(_ sight: Sight, _ rule: AutoDrainRule) -> Action {
    guard rule.mode != .off, sight.availability == .serving, let since = faultySince, !isOverruled else {
      if stage != .watching || (!isOverruled && !text.isEmpty) { enter(.watching, sight, "") }
      return .none
    }
    guard sight.seconds - since >= rule.after.seconds else { return .none }
    let reason = "faulty for \(Quantity.text(rule.after)): \(sight.reason)"
    if rule.mode == .shadow {
      if stage != .wouldDrain { enter(.wouldDrain, sight, "would drain: \(reason)") }
      return .none
    }
    guard nextTry.map({ sight.seconds >= $0 }) ?? true else { return .none }
    isWaiting = true
    return .drain(reason: reason)
  }

  private mutating func rest(_ sight: Sight, _ rule: AutoDrainRule) -> Action {
    guard sight.availability != .serving else {
      overrule(sight)
      return .none
    }
    guard sight.drainedBy == Self.orderedBy else {
      // A person has taken the drain over.
      enter(.watching, sight, "")
      return .none
    }
    // An agent that was restarted counts its rest anew.
    guard sight.availability == .drained, sight.seconds - (stageSeconds ?? sight.seconds) >= rule.rest.seconds,
      sight.health != .faulty || sight.needsRequests
    else { return .none }
    enter(.probation, sight, "serves again, under watch for \(Quantity.text(rule.probation))")
    return .undrain
  }

  private mutating func serve(_ sight: Sight, _ rule: AutoDrainRule) -> Action {
    guard sight.availability == .serving else {
      // Not yet back, or a person has drained it.
      if let by = sight.drainedBy, by != Self.orderedBy { enter(.watching, sight, "") }
      return sight.drainedBy == Self.orderedBy ? .undrain : .none
    }
    let start = stageSeconds ?? sight.seconds
    // The verdict of before it went may need requests to be lifted: what counts is how long it stays.
    if sight.health != .faulty, sight.seconds - start >= rule.probation.seconds {
      enter(.watching, sight, "")
      return .none
    }
    let patience = sight.needsRequests ? max(Self.relapseSeconds, rule.after.seconds) : Self.relapseSeconds
    guard let since = faultySince, sight.seconds - max(since, start) >= patience else { return .none }
    guard nextTry.map({ sight.seconds >= $0 }) ?? true else { return .none }
    isWaiting = true
    return .drain(reason: "faulty again in its probation: \(sight.reason)")
  }

  private mutating func overrule(_ sight: Sight) {
    isOverruled = sight.health == .faulty
    enter(.watching, sight, isOverruled ? "undrained by a person while faulty: let alone until it is well once" : "")
  }

  private mutating func enter(_ next: AutoDrainStatus.Stage, _ sight: Sight, _ text: String) {
    stage = next
    self.text = text
    since = next == .watching && text.isEmpty ? nil : sight.date
    stageSeconds = sight.seconds
    nextTry = nil
    tries = 0
  }

  // MARK: What came of an order

  package mutating func ordered(_ reason: String, _ sight: Sight) {
    isWaiting = false
    let isRepeated = lastDrain.map { abs(sight.date.timeIntervalSince($0)) < Self.memorySeconds } ?? false
    lastDrain = sight.date
    if isRepeated {
      enter(.held, sight, "\(reason); it is not the first time within a day, so a person has to undrain it")
    } else {
      enter(.draining, sight, reason)
    }
  }

  package mutating func refused(_ why: String, _ sight: Sight) {
    isWaiting = false
    // In its probation it serves on, under watch.
    if stage != .probation {
      if stage != .refused { since = sight.date }
      stage = .refused
      text = why
    }
    let pause = min(Self.firstRetrySeconds * Double(1 << min(tries, 10)), Self.lastRetrySeconds)
    tries += 1
    nextTry = sight.seconds + pause
  }
}
