import FleetCore
import Foundation

/// Makes values of the parts of `fleet.yaml`. A part that is wrong is reported by its value and left out here.
struct FleetFileParser {
  let folder: String

  func fleet(_ root: YAMLValue) -> FleetDefinition? {
    let optional = ["slo", "health", "auto_drain", "energy", "models", "strategies", "timezone", "simulated"]
    guard let table = root.table(required: ["version", "fleet", "stores"], optional: optional) else { return nil }
    if let version = table["version"], let number = version.integer(), number != 1 {
      version.report("expected 1, the only version there is, found '\(number)'")
    }
    var fleet = FleetDefinition(name: table["fleet"]?.name() ?? "")
    if let simulated = table["simulated"]?.truth() { fleet.isSimulated = simulated }
    if let slo = table["slo"] { fleet.slo = serviceLevel(slo) }
    if let health = table["health"] { fleet.health = HealthParser.limits(health) }
    if let autoDrain = table["auto_drain"] { fleet.autoDrain = self.autoDrain(autoDrain) }
    if let energy = table["energy"] { fleet.energy = self.energy(energy) }
    if let strategies = table["strategies"]?.list() {
      fleet.strategies = strategies.compactMap(StrategyParser.strategy)
      reportTwins(strategies.compactMap { value in value.child("name") })
    }
    let timezone = table["timezone"].flatMap { $0.timezone() }
    if let stores = table["stores"]?.list() {
      if stores.isEmpty { table["stores"]?.report("expected at least one store") }
      fleet.stores = stores.compactMap { store($0, timezone: timezone) }
      reportTwins(stores.compactMap { value in value.child("name") })
      reportTwins(stores.flatMap { $0.child("nodes")?.children ?? [] }.compactMap { $0.child("address") })
    }
    // Last: what they name must be in the rest.
    if let models = table["models"] {
      fleet.models = ModelParser(folder: folder, fleet: fleet).models(models)
      reportTwins(models.children.compactMap { value in value.child("name") })
    }
    return fleet
  }

  private func serviceLevel(_ value: YAMLValue) -> ServiceLevel {
    var slo = ServiceLevel()
    guard let table = value.table(required: [], optional: ["p99", "errors", "temperature"]) else { return slo }
    let p99 = table["p99"]?.parsed("a duration such as '50ms'") { text in
      Quantity.duration(text).flatMap { $0 > .zero ? $0 : nil }
    }
    if let p99 { slo.p99 = p99 }
    if let errors = table["errors"]?.fraction() { slo.errors = errors }
    if let celsius = table["temperature"]?.celsius() { slo.celsius = celsius }
    return slo
  }

  private func autoDrain(_ value: YAMLValue) -> AutoDrainRule {
    var rule = AutoDrainRule()
    guard let table = value.table(required: ["mode"], optional: AutoDrainRule.keys) else { return rule }
    let modes = AutoDrainStatus.Mode.allCases.map(\.rawValue).joined(separator: ", ")
    if let mode = table["mode"]?.parsed("one of \(modes)", AutoDrainStatus.Mode.init(rawValue:)) { rule.mode = mode }
    for key in AutoDrainRule.keys {
      guard let entry = table[key], let text = entry.text() else { continue }
      if let problem = rule.set(key, to: text) { entry.report(String(problem.dropFirst("\(key): ".count))) }
    }
    return rule
  }

  private func energy(_ value: YAMLValue) -> Energy? {
    guard let table = value.table(required: ["price_per_kwh", "currency"]) else { return nil }
    let price = table["price_per_kwh"]?.parsed("a price such as '0.30'") { text in
      Double(text).flatMap { $0.isFinite && $0 >= 0 ? $0 : nil }
    }
    let currency = table["currency"]?.text()
    guard let price, let currency else { return nil }
    return Energy(pricePerKilowattHour: price, currency: currency)
  }

  /// `timezone` is that of the fleet.
  private func store(_ value: YAMLValue, timezone: String?) -> FleetDefinition.Store? {
    guard let table = value.table(required: ["name", "nodes"], optional: ["labels", "timezone"]) else { return nil }
    let name = table["name"]?.name()
    let own = table["timezone"].flatMap { $0.timezone() }
    let labels = table["labels"].map(self.labels) ?? [:]
    let nodes = table["nodes"]?.list() ?? []
    reportTwins(nodes.compactMap { $0.child("name") })
    let parsed = nodes.compactMap { node(store: name ?? "", labels: labels, $0) }
    return name.map { FleetDefinition.Store(name: $0, labels: labels, timezone: own ?? timezone, nodes: parsed) }
  }

  private func node(store: String, labels: [String: String], _ value: YAMLValue) -> FleetDefinition.Node? {
    guard let table = value.table(required: ["name", "address"], optional: ["labels"]) else { return nil }
    let own = table["labels"].map(self.labels) ?? [:]
    let name = table["name"]?.name()
    let address = table["address"]?.address()
    guard let name, let address else { return nil }
    return FleetDefinition.Node(
      name: NodeName(store: store, node: name),
      address: address,
      labels: labels.merging(own) { _, own in own }
    )
  }

  private func labels(_ value: YAMLValue) -> [String: String] {
    (value.freeTable() ?? [:]).compactMapValues { $0.text() }
  }

  private func reportTwins(_ values: [YAMLValue]) {
    var seen: [String: String] = [:]
    for value in values {
      guard let text = value.scalarText else { continue }
      if let first = seen[text] {
        value.report("'\(text)' is taken already by \(first)")
      } else {
        seen[text] = value.path
      }
    }
  }
}

extension YAMLValue {
  fileprivate func timezone() -> String? {
    guard let name = text() else { return nil }
    let known = TimeZone.knownTimeZoneIdentifiers
    if name == "UTC" || known.contains(name) { return name }
    let hint = NearName.hint(for: name, among: known)
    report("expected a time zone such as 'America/Chicago', found '\(name)'\(hint)")
    return nil
  }
}
