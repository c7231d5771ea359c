package import FleetCore
import FoundationEssentials

/// Health, drains and what came before them, as random as frames.
extension SeededRandom {
  mutating func drainStatus() -> DrainStatus {
    var status = DrainStatus(
      reason: text(),
      orderedBy: text(),
      since: date(),
      deadline: date(),
      isForced: chance(0.5),
      handedOff: count(),
      cutAtDeadline: count()
    )
    if chance(0.5) { status.oldest = FlightInfo(id: text(), model: text(), client: text(), seconds: number()) }
    status.clients = list(upTo: 4) { ClientTraffic(address: $0.text(), perSecond: $0.number()) }
    status.targets = list(upTo: 3) { random in
      HandOffTarget(
        name: random.nodeName(),
        isServing: random.chance(0.5),
        inFlight: random.chance(0.5) ? random.count() : nil,
        perSecond: random.chance(0.5) ? random.number() : nil
      )
    }
    return status
  }

  mutating func finding() -> Finding {
    Finding(
      HealthRule.allCases.randomElement(using: &self) ?? .engine,
      subject: text(),
      health: Health.allCases.randomElement(using: &self) ?? .degraded,
      text: text(),
      since: chance(0.5) ? date() : nil,
      value: chance(0.5) ? number() : nil,
      limit: chance(0.5) ? number() : nil,
      unit: ["", "ms", "%", "°C"].randomElement(using: &self) ?? "",
      samples: chance(0.5) ? count() : nil
    )
  }

  mutating func autoDrain() -> AutoDrainStatus {
    AutoDrainStatus(
      mode: AutoDrainStatus.Mode.allCases.randomElement(using: &self) ?? .off,
      stage: AutoDrainStatus.Stage.allCases.randomElement(using: &self) ?? .watching,
      text: text(),
      since: chance(0.5) ? date() : nil,
      askingSince: chance(0.5) ? date() : nil
    )
  }

  package mutating func change() -> NodeChange {
    NodeChange(
      time: date(),
      kind: NodeChange.Kind.allCases.randomElement(using: &self) ?? .activated,
      text: text(),
      orderedBy: chance(0.5) ? text() : nil
    )
  }

  private mutating func number() -> Double { Double.random(in: 0...1e6, using: &self) }
}
