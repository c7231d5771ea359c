import Glibc

/// What a simulated box measures: driven by the time that passed, so that rates are right at any tick, and by the seed.
///
/// Load makes utilization, utilization makes power and waiting, power makes heat, slowly. Counters follow from the integral of
/// the rates and never fall.
package struct BoxTelemetry: Sendable, Equatable {
  /// What the rest of the store and the agent's state make of this box between two ticks.
  package struct Demand: Sendable, Equatable {
    /// Requests per second of its own clients.
    package var own: Double
    /// Those that siblings hand to it.
    package var handed: Double
    /// What it answers of `own` itself, from 0 to 1; siblings answer the rest.
    package var share: Double
    /// Nil when no model is loaded.
    package var traits: VersionTraits?

    package init(own: Double, handed: Double = 0, share: Double = 1, traits: VersionTraits?) {
      self.own = own
      self.handed = handed
      self.share = share
      self.traits = traits
    }
  }

  let profile: BoxProfile
  var illness: BoxFaults.Illness?
  private var random: SplitMix64
  private(set) var time: Double

  /// Of all that was asked of it so far, with fractions.
  private var demanded = 0.0
  private var failed = 0.0
  private var handedOn = 0.0
  package private(set) var requests: UInt64 = 0
  package private(set) var errors: UInt64 = 0
  package private(set) var handedOff: UInt64 = 0
  package private(set) var joules = 0.0
  private(set) var engineSeconds = 0.0
  private(set) var agentSeconds = 0.0

  package private(set) var utilization = 0.0
  package private(set) var watts: Double
  package private(set) var celsius: Double
  private(set) var inFlight: UInt64 = 0
  private(set) var latency = LatencyCounts()
  private(set) var queueTime = LatencyCounts()
  private(set) var computeTime = LatencyCounts()
  var window = LatencyWindow()

  /// No step is longer than this, in seconds, so that what follows the hour of the day is integrated well enough.
  static let longestStep = 5.0
  /// After a longer pause the rest is taken in one step: nobody looks at hours of a box that nobody watched.
  private static let longestCatchUp = 3600.0
  /// So many requests of one tick get latencies of their own; more share them.
  private static let samples: UInt64 = 64
  /// Spread of the time to compute: the standard deviation of its logarithm.
  private static let spread = 0.3
  /// A lane that is busier than this has a queue that never ends; what is over it is refused.
  private static let fullest = 0.97

  package init(profile: BoxProfile, illness: BoxFaults.Illness? = nil, name: NodeName, seed: UInt64, time: Double) {
    self.profile = profile
    self.illness = illness
    self.time = time
    random = SplitMix64(seed: seed, stream: "telemetry \(name)")
    watts = profile.idleWatts
    celsius = profile.roomCelsius + profile.celsiusPerWatt * profile.idleWatts
  }

  /// Takes the box to `moment`, in seconds since 1970; a clock that went back changes nothing. `demand` is asked for its load at
  /// the middle of each step.
  package mutating func advance(to moment: Double, _ demand: (_ time: Double) -> Demand) {
    if moment - time > Self.longestCatchUp { time = moment - Self.longestCatchUp }
    while time < moment {
      let seconds = min(Self.longestStep, moment - time)
      step(seconds, demand(time + seconds / 2))
      time += seconds
    }
    window.forget(before: time)
  }

  private mutating func step(_ seconds: Double, _ demand: Demand) {
    agentSeconds += 0.0012 * seconds
    // Drained, or on trial: siblings answer the rest.
    handedOn += demand.traits == nil ? 0 : demand.own * (1 - demand.share) * seconds
    handedOff = UInt64(handedOn)
    guard let traits = demand.traits, demand.share > 0 else {
      inFlight = 0
      burn(utilization: 0, hunger: 1, seconds)
      return
    }
    let rate = demand.own * demand.share + demand.handed
    let compute = profile.computeSeconds * traits.slowness
    let capacity = Self.fullest * BoxProfile.lanes / compute
    let busy = min(rate, capacity) * compute / BoxProfile.lanes
    let share = if case .failing(let share) = illness { share } else { 0.0 }
    let refused = max(0, rate - capacity)
    demanded += rate * seconds
    failed += (refused + min(rate, capacity) * share) * seconds
    let new = UInt64(demanded) - requests
    requests += new
    errors = min(UInt64(failed), requests)
    // The waiting of a random stream at a server that takes more and more of its time.
    let wait = compute * busy / (1 - busy) / 2 / BoxProfile.lanes
    sample(new, compute: compute, wait: wait)
    inFlight = arrivals(min(rate, capacity) * (compute + wait + extraSeconds))
    burn(utilization: busy, hunger: traits.hunger, seconds)
    engineSeconds += (0.004 + 0.3 * busy) * seconds
  }

  private var extraSeconds: Double {
    if case .slow(let milliseconds) = illness { milliseconds / 1000 } else { 0 }
  }

  /// Requests a second at which the 99th percentile is what `slo` allows.
  func capacity(_ traits: VersionTraits, _ slo: ServiceLevel) -> Double {
    let compute = profile.computeSeconds * traits.slowness
    // Of a normal distribution 1% is beyond 2.33, of an exponential one beyond 4.6 times the mean.
    let left = slo.p99.seconds - extraSeconds - compute * exp(2.33 * Self.spread)
    guard left > 0 else { return 0 }
    let wait = left / 4.6
    let busy = wait / (wait + compute / 2 / BoxProfile.lanes)
    return min(busy, Self.fullest) * BoxProfile.lanes / compute
  }

  private mutating func sample(_ count: UInt64, compute: Double, wait: Double) {
    guard count > 0 else { return }
    let draws = min(count, Self.samples)
    for draw in 0..<draws {
      // So many stand for as many, and the first ones for what does not divide.
      let weight = count / draws + (draw < count % draws ? 1 : 0)
      let computed = compute * exp(Self.spread * random.normal())
      let waited = 0.000_1 - wait * log(1 - random.unit())
      let total = LatencyCounts.index(microseconds: (computed + waited + extraSeconds) * 1e6)
      latency.add(weight, at: total)
      window.add(weight, at: total, time: time)
      queueTime.add(weight, at: LatencyCounts.index(microseconds: waited * 1e6))
      computeTime.add(weight, at: LatencyCounts.index(microseconds: computed * 1e6))
    }
  }

  /// How many of a random stream are there when `mean` are on average.
  private mutating func arrivals(_ mean: Double) -> UInt64 {
    let whole = mean + random.normal() * mean.squareRoot()
    return UInt64(max(0, min(whole.rounded(), 64)))
  }

  /// Power and what follows from it.
  private mutating func burn(utilization: Double, hunger: Double, _ seconds: Double) {
    self.utilization = utilization
    watts = profile.idleWatts + (profile.fullWatts - profile.idleWatts) * utilization * hunger
    joules += watts * seconds
    let extra = if case .hot(let celsius) = illness { celsius } else { 0.0 }
    let goal = profile.roomCelsius + profile.celsiusPerWatt * watts + extra
    celsius += (goal - celsius) * (1 - exp(-seconds / BoxProfile.warmUpSeconds))
  }
}
