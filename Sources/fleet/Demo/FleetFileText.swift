import FleetCore
import Foundation

/// A fleet as the file that `fleet --fleet` reads.
enum FleetFileText {
  static func text(_ fleet: FleetDefinition) -> String {
    var lines = ["# Written by 'fleet demo': the fleet with the addresses that the demo uses.", "version: 1"]
    lines.append("fleet: \(fleet.name)")
    if fleet.isSimulated { lines.append("simulated: true") }
    lines.append("slo:")
    lines.append("  p99: \(Quantity.text(fleet.slo.p99))")
    lines.append("  errors: \(fleet.slo.errors * 100)%")
    lines.append("  temperature: \(fleet.slo.celsius)C")
    let health = fleet.health.settings
    if !health.isEmpty { lines.append("health:") }
    for setting in health { lines.append("  \(setting.key): \(JSONText.quoted(setting.value))") }
    if fleet.autoDrain != AutoDrainRule() {
      let rule = fleet.autoDrain
      lines.append("auto_drain:")
      lines.append("  mode: \(JSONText.quoted(rule.mode.rawValue))")
      lines.append("  after: \(Quantity.text(rule.after))")
      lines.append("  rest: \(Quantity.text(rule.rest))")
      lines.append("  probation: \(Quantity.text(rule.probation))")
      lines.append("  per_hour: \(rule.perHour * 100)%")
    }
    if let energy = fleet.energy {
      lines.append("energy:")
      lines.append("  price_per_kwh: \(energy.pricePerKilowattHour)")
      lines.append("  currency: \(JSONText.quoted(energy.currency))")
    }
    lines.append("models:")
    for model in fleet.models {
      let path = URL(filePath: model.path).absoluteURL.path(percentEncoded: false)
      let desired = model.desired.map(Self.pairs) ?? ""
      lines.append("  - {name: \(model.name), path: \(JSONText.quoted(path))\(desired)}")
    }
    if !fleet.strategies.isEmpty { lines.append("strategies:") }
    for strategy in fleet.strategies { lines += Self.lines(strategy) }
    lines.append("stores:")
    for store in fleet.stores {
      lines.append("  - name: \(store.name)")
      lines.append("    labels: {\(Self.pairs(store.labels))}")
      if let timezone = store.timezone { lines.append("    timezone: \(timezone)") }
      lines.append("    nodes:")
      for node in store.nodes {
        let own = node.labels.filter { store.labels[$0.key] != $0.value }
        let labels = own.isEmpty ? "" : ", labels: {\(Self.pairs(own))}"
        lines.append("      - {name: \(node.name.node), address: \(JSONText.quoted(node.address))\(labels)}")
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func pairs(_ desired: DesiredVersion) -> String {
    var text = ", version: \(desired.number), to: \(JSONText.quoted(desired.to.text))"
    if let canary = desired.canary {
      text += ", canary: {to: \(JSONText.quoted(canary.to.text)), version: \(canary.number)}"
    }
    return text + (desired.strategy.map { ", strategy: \($0)" } ?? "")
  }

  private static func lines(_ strategy: RolloutStrategy) -> [String] {
    [
      "  - name: \(strategy.name)",
      "    waves: \(JSONText.quoted(strategy.waves.description))",
      "    bake: \(Quantity.text(strategy.bake))",
      "    gate: \(JSONText.quoted(strategy.gate.description))",
      "    abort: \(JSONText.quoted(strategy.abort.description))",
      "    minimum_samples: \(strategy.minimumSamples)",
      "    step_timeout: \(Quantity.text(strategy.stepTimeout))",
      "    return_timeout: \(Quantity.text(strategy.returnTimeout))",
      "    undecided_timeout: \(Quantity.text(strategy.undecidedTimeout))",
      "    stores_at_once: \(strategy.storesAtOnce)",
    ]
      + [
        strategy.window.map { "    window: \(JSONText.quoted($0.description))" },
        strategy.nodeLimit.map { "    limit: \($0)" }, strategy.storeLimit.map { "    store_limit: \($0)" },
        strategy.fleetLimit.map { "    fleet_limit: \($0)" },
      ].compactMap(\.self)
  }

  private static func pairs(_ labels: [String: String]) -> String {
    labels.sorted { $0.key < $1.key }.map { "\($0.key): \(JSONText.quoted($0.value))" }.joined(separator: ", ")
  }
}
