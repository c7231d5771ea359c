import FoundationEssentials

/// The boxes of one simulated store, which take over each other's clients: gives each frame what its box measures.
package struct StoreSimulation: Sendable {
  /// Those who ask one box first.
  private struct Clients: Sendable {
    var curve: LoadCurve
    var peakRate: Double
    var boxIsServing = true
    /// What their own box answers of them, from 0 to 1; siblings answer the rest.
    var share = 1.0

    func rate(at time: Double) -> Double { peakRate * curve.share(at: time) }
  }

  fileprivate struct Box: Sendable {
    var telemetry: BoxTelemetry
    var health: BoxHealth
    let slo: ServiceLevel
    /// Requests it had handed off when the drain under way began.
    var handedOffBefore: UInt64?
    var fault: String?
    /// What it serves, as far as it has ticked.
    var version: ModelVersion?
  }

  private var boxes: [Box]
  private var budgets: StoreBudgets
  private var clients: [Clients]
  private let indices: [NodeName: Int]
  /// What is added to the time of a frame to get that of the store's day.
  private let shift: Double

  /// `start` is the time of the first tick, in seconds since 1970.
  package init(
    _ store: SimulationPlan.Store,
    settings: SimulationSettings,
    slo: ServiceLevel = ServiceLevel(),
    health: HealthLimits = HealthLimits(),
    autoDrain: AutoDrainRule = AutoDrainRule(),
    start: Double
  ) {
    shift = settings.hour.map { $0 * 3600 - start.truncatingRemainder(dividingBy: 86_400) } ?? 0
    budgets = StoreBudgets(store.boxes.map(\.name), rule: autoDrain)
    indices = Dictionary(uniqueKeysWithValues: store.boxes.enumerated().map { ($1.name, $0) })
    clients = store.boxes.map { box in
      var seeds = SplitMix64(seed: settings.seed, stream: "load \(box.name)")
      let curve = LoadCurve(seed: seeds.next(), utcOffsetHours: store.utcOffsetHours)
      return Clients(curve: curve, peakRate: box.profile.peakRate)
    }
    boxes = store.boxes.map { box in
      Box(
        telemetry: BoxTelemetry(
          profile: box.profile,
          illness: box.faults.illness,
          name: box.name,
          seed: settings.seed,
          time: start
        ),
        health: BoxHealth(slo: slo, limits: health),
        slo: slo,
        fault: box.faults.text
      )
    }
  }

  /// Has a box ask the others whether it may be drained; throws `.refused` when it may not. `seconds` is the time since 1970.
  package mutating func leave(
    _ name: NodeName,
    _ intent: Claim.Intent,
    at seconds: Double
  ) throws(CommandError) {
    _ = try budgets.leave(name, intent, at: seconds)
  }

  package mutating func comeBack(_ name: NodeName) { budgets.comeBack(name) }

  /// Has a box that is about to drain itself stay. Throws `.refused` when it is not about to.
  package mutating func hold(_ name: NodeName, because reason: String) throws(CommandError) {
    try budgets.hold(name, because: reason)
  }

  /// Makes a box ill from now on, or well with nil.
  package mutating func setIllness(_ illness: BoxFaults.Illness?, of name: NodeName) {
    guard let index = indices[name] else { return }
    boxes[index].telemetry.illness = illness
    boxes[index].fault = BoxFaults(illness: illness).text
  }

  /// Takes the frame's box to the frame's time and fills in what it measures then.
  package mutating func tick(_ frame: inout Frame) {
    guard let index = indices[frame.node] else { return }
    clients[index].boxIsServing = frame.availability == .serving
    clients[index].share = frame.availability == .serving ? 1 : budgets.trialShare(of: frame.node)
    let (clients, shift) = (clients, shift)
    let traits = frame.models.first.map { VersionTraits.of(ModelVersion(name: $0.name, number: $0.version)) }
    boxes[index].telemetry.advance(to: frame.time.timeIntervalSince1970) { time in
      Self.demand(on: index, by: clients, at: time + shift, traits)
    }
    let siblings = siblings(of: index)
    boxes[index].fill(&frame, traits, siblings: siblings)
    budgets.observe(&frame)
    tellOfDrain(&frame, index)
  }

  /// What the other boxes of the store answered lately. One that nobody watches stands still.
  private func siblings(of index: Int) -> [SiblingSample] {
    let time = boxes[index].telemetry.time
    return indices.filter { $0.value != index }.sorted { $0.value < $1.value }.compactMap {
      name,
      other -> SiblingSample? in
      let box = boxes[other]
      guard (box.telemetry.time - time).magnitude < HealthMonitor.windowSeconds else { return nil }
      let latency = box.telemetry.window.histogram
      return SiblingSample(
        name: name,
        isServing: clients[other].boxIsServing,
        models: box.version.map { [ModelWindow(version: $0, latency: latency)] } ?? []
      )
    }
  }

  /// Who still asks a box that does not serve, and who answers in its place.
  private func tellOfDrain(_ frame: inout Frame, _ index: Int) {
    guard frame.drain != nil else { return }
    let rate = clients[index].rate(at: frame.time.timeIntervalSince1970 + shift) * (1 - clients[index].share)
    let serving = clients.count { $0.boxIsServing }
    frame.drain?.clients = [("till-1", 0.6), ("till-2", 0.4)].map { name, share in
      ClientTraffic(address: name, perSecond: rate * share)
    }
    frame.drain?.targets = indices.filter { $0.value != index }.sorted { $0.key < $1.key }.map { name, other in
      HandOffTarget(
        name: name,
        isServing: clients[other].boxIsServing,
        inFlight: boxes[other].telemetry.inFlight,
        perSecond: clients[other].boxIsServing ? rate / Double(serving) : 0
      )
    }
  }

  /// Clients of boxes that do not serve go to those that do, evenly.
  private static func demand(
    on index: Int,
    by clients: [Clients],
    at time: Double,
    _ traits: VersionTraits?
  ) -> BoxTelemetry.Demand {
    let own = clients[index]
    let homeless = clients.lazy.filter { !$0.boxIsServing }.reduce(0) { $0 + $1.rate(at: time) * (1 - $1.share) }
    let serving = clients.count { $0.boxIsServing }
    return BoxTelemetry.Demand(
      own: own.rate(at: time),
      handed: own.boxIsServing ? homeless / Double(serving) : 0,
      share: own.share,
      traits: traits
    )
  }
}

extension StoreSimulation.Box {
  mutating func fill(_ frame: inout Frame, _ traits: VersionTraits?, siblings: [SiblingSample]) {
    frame.injectedFault = fault
    version = frame.models.first.map { ModelVersion(name: $0.name, number: $0.version) }
    if var model = frame.models.first {
      model.requests = telemetry.requests
      model.errors = telemetry.errors
      model.inFlight = telemetry.inFlight
      model.handedOff = telemetry.handedOff
      model.latency = telemetry.latency.histogram
      model.queueTime = telemetry.queueTime.histogram
      model.computeTime = telemetry.computeTime.histogram
      frame.models = [model]
      frame.capacity = [
        ModelCapacity(
          model: model.name,
          perSecond: traits.map { .estimated(telemetry.capacity($0, slo)) } ?? .absent("no model is loaded"),
          load: .measured(Double(telemetry.window.requests) / HealthMonitor.windowSeconds)
        )
      ]
    }
    if frame.drain != nil {
      let before = handedOffBefore ?? telemetry.handedOff
      handedOffBefore = before
      frame.drain?.handedOff = telemetry.handedOff - before
    } else {
      handedOffBefore = nil
    }
    let profile = telemetry.profile
    let held = 1.9e9 + 0.4e9 * telemetry.utilization
    frame.accelerators = [
      AcceleratorReadings(
        kind: profile.device.rawValue,
        name: profile.acceleratorName,
        utilization: .measured(telemetry.utilization),
        watts: .estimated(telemetry.watts),
        joules: .estimated(telemetry.joules),
        celsius: .measured(telemetry.celsius),
        memoryUsedBytes: .absent("it shares the box's memory"),
        memoryTotalBytes: .absent("it shares the box's memory")
      )
    ]
    frame.engine.process = ProcessReadings(
      cpuSeconds: .measured(telemetry.engineSeconds),
      residentBytes: .measured(0.16e9 + 0.02e9 * telemetry.utilization)
    )
    frame.agent = ProcessReadings(cpuSeconds: .measured(telemetry.agentSeconds), residentBytes: .measured(21e6))
    frame.memoryUsedBytes = .measured(held)
    frame.memoryTotalBytes = .measured(profile.memoryBytes)
    frame.diskFreeBytes = .measured(profile.diskFreeBytes)
    health.judge(telemetry, &frame, siblings: siblings)
  }
}
