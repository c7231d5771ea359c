package import FoundationEssentials

/// Decides when a node drains itself and when it comes back. No I/O and no clock: it is shown the node every tick and says what to do;
/// whether the node may is the budget's to say.
///
///     watching ─faulty for `after`─▶ draining ─rested, and not seen faulty─▶ probation ─served well─▶ watching
///        ▲  ▲    (asks first)                          │                       │
///        │  └──────────── a person undrains ───────────┤          faulty again: drained for good
///        │                                             ▼                       ▼
///        └──────────────── a person undrains ──────── held ◀───────────────────┘
///
/// Before it drains it says so for a while, in which consoles may object; siblings are asked then. Who may not asks again later.
///
/// A probation begins on trial: the node stays drained and answers a growing share of its requests, so that a fault which only requests
/// can show is seen without a return to service. Where no requests come to a drained node, only serving shows it.
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
    /// Requests that it has answered itself. Never falls while the agent lives.
    package var answered: UInt64
    package var availability: Availability
    /// Who ordered the drain; nil while it serves.
    package var drainedBy: String?

    package init(
      seconds: Double,
      date: Date,
      health: Health,
      reason: String,
      needsRequests: Bool,
      answered: UInt64 = 0,
      availability: Availability,
      drainedBy: String?
    ) {
      self.seconds = seconds
      self.date = date
      self.health = health
      self.reason = reason
      self.needsRequests = needsRequests
      self.answered = answered
      self.availability = availability
      self.drainedBy = drainedBy
    }
  }

  package enum Action: Sendable, Equatable {
    case none
    /// Drain with this reason, if siblings agree: `ordered` or `refused` tells what came of it.
    case drain(reason: String)
    /// Stay drained, and answer this share of the requests; told anew with every tick of a trial.
    case takeOnTrial(share: Double)
    case undrain
  }

  /// How long it says that it is about to drain, before it asks its siblings: long enough for a console to see and to object.
  package static let askSeconds = 8.0
  /// Shares of its requests that it answers on trial, one after the other.
  static let trialShares = [0.25, 0.5, 1]
  /// Of each share: two windows of the health rules.
  static let shortestTrial = 2 * HealthMonitor.windowSeconds
  /// Faulty for so long in its probation, and it was too early.
  static let relapseSeconds = 15.0
  /// The same for a verdict that only requests lift: no rule needs more once there are enough of them.
  static let verdictSeconds = 25.0
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
  /// Since when it says that it is about to drain.
  private var asking: Asking?
  /// Which of the shares it is on trial with; as many as there are when it is to serve.
  private var trialStep = 0
  /// When that began.
  private var trialStart: Double?
  /// Whether there were requests enough since it came back to tell by.
  private var evidence = AutoDrainEvidence()
  private var nextTry: Double?
  private var tries = 0
  /// An order is being carried out.
  private var isWaiting = false

  private struct Asking: Equatable {
    var seconds: Double
    var date: Date
  }

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
    AutoDrainStatus(mode: mode, stage: stage, text: text, since: since, askingSince: asking?.date)
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
    evidence.add(sight.answered, at: sight.seconds)
    guard !isWaiting else { return .none }
    switch stage {
    case .watching, .wouldDrain, .refused: return watch(sight, rule)
    case .draining: return rest(sight, rule)
    case .probation:
      let isOnTrial = sight.availability != .serving && trialStep < Self.trialShares.count
      return isOnTrial ? tryOut(sight, rule) : serve(sight, rule)
    case .held:
      if sight.availability == .serving {
        overrule(sight)
      } else if let by = sight.drainedBy, by != Self.orderedBy {
        // A person has taken the drain over.
        enter(.watching, sight, "")
      }
      return .none
    }
  }

  private mutating func watch(_ sight: Sight, _ rule: AutoDrainRule) -> Action {
    guard rule.mode != .off, sight.availability == .serving, let since = faultySince, !isOverruled else {
      asking = nil
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
    let asked = asking ?? Asking(seconds: sight.seconds, date: sight.date)
    asking = asked
    guard sight.seconds - asked.seconds >= Self.askSeconds else { return .none }
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
    enter(.probation, sight, Self.trialText(0))
    return tryOut(sight, rule)
  }

  /// Drained, and with a share of the requests all the same.
  private mutating func tryOut(_ sight: Sight, _ rule: AutoDrainRule) -> Action {
    guard sight.drainedBy == Self.orderedBy else {
      enter(.watching, sight, "")
      return .none
    }
    let share = Self.trialShares[trialStep]
    let start = trialStart ?? sight.seconds
    trialStart = start
    if isRelapse(sight, rule, since: start) {
      let part = "\(Int(share * 100))% of its requests"
      enter(.held, sight, "faulty on trial with \(part): \(sight.reason); a person has to undrain it")
      return .takeOnTrial(share: 0)
    }
    // A verdict is being made: it comes soon. Where too few requests come for one, the next share may bring them.
    let isJudged = sight.health == .faulty && evidence.since != nil
    guard !isJudged, sight.seconds - start >= Self.trialSeconds(rule) else { return .takeOnTrial(share: share) }
    trialStep += 1
    guard trialStep < Self.trialShares.count else { return takeAll(sight, rule) }
    trialStart = sight.seconds
    text = Self.trialText(trialStep)
    return .takeOnTrial(share: Self.trialShares[trialStep])
  }

  private mutating func takeAll(_ sight: Sight, _ rule: AutoDrainRule) -> Action {
    enter(.probation, sight, "serves again, under watch for \(Quantity.text(rule.probation))")
    trialStep = Self.trialShares.count
    return .undrain
  }

  private static func trialSeconds(_ rule: AutoDrainRule) -> Double {
    max(rule.probation.seconds / 6, Self.shortestTrial)
  }

  private static func trialText(_ step: Int) -> String {
    "answers \(Int(trialShares[step] * 100))% of its requests on trial"
  }

  /// Whether it is faulty still, or again, in its probation. A verdict of before that only requests lift says nothing until enough of them
  /// were answered since, and has its time from then on.
  private func isRelapse(_ sight: Sight, _ rule: AutoDrainRule, since start: Double) -> Bool {
    guard let since = faultySince else { return false }
    guard sight.needsRequests else { return sight.seconds - max(since, start) >= Self.relapseSeconds }
    guard let told = evidence.since else { return false }
    return sight.seconds - max(since, told) >= max(Self.verdictSeconds, rule.after.seconds)
  }

  private mutating func serve(_ sight: Sight, _ rule: AutoDrainRule) -> Action {
    guard sight.availability == .serving else {
      // Not yet back, or a person has drained it.
      if let by = sight.drainedBy, by != Self.orderedBy { enter(.watching, sight, "") }
      return sight.drainedBy == Self.orderedBy ? .undrain : .none
    }
    let start = stageSeconds ?? sight.seconds
    if sight.health != .faulty, sight.seconds - start >= rule.probation.seconds {
      enter(.watching, sight, "")
      return .none
    }
    guard isRelapse(sight, rule, since: start) else { return .none }
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
    (asking, trialStart, trialStep) = (nil, nil, 0)
    evidence = AutoDrainEvidence()
    (nextTry, tries) = (nil, 0)
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

  /// A console objects before siblings are asked: the share of the whole fleet is its to know. False when nothing is asked any more.
  package mutating func held(_ why: String, _ sight: Sight) -> Bool {
    guard asking != nil, !isWaiting else { return false }
    refused(why, sight)
    return true
  }

  package mutating func refused(_ why: String, _ sight: Sight) {
    isWaiting = false
    asking = nil
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
