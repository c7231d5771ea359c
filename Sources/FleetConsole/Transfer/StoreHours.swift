package import FleetCore

/// When bytes may go to each store of a fleet.
package struct StoreHours: Sendable {
  private let hours: [String: TransferHours]
  private let zones: [String: String]

  /// At any time.
  package static let always = StoreHours(hours: [:], zones: [:])

  private init(hours: [String: TransferHours], zones: [String: String]) {
    self.hours = hours
    self.zones = zones
  }

  /// `window` by the clock of each store that one of `nodes` is in. Throws `.invalid` with every store whose time zone nobody says.
  package init(_ window: TimeWindow?, of nodes: [NodeName], in fleet: FleetDefinition) throws(CommandError) {
    guard let window else {
      self = .always
      return
    }
    let wanted = Set(nodes.map(\.store))
    var hours: [String: TransferHours] = [:]
    var zones: [String: String] = [:]
    var missing: [String] = []
    for store in fleet.stores where wanted.contains(store.name) {
      if let zone = store.timezone {
        hours[store.name] = try TransferHours(window, zoneNamed: zone)
        zones[store.name] = zone
      } else {
        missing.append(store.name)
      }
    }
    guard missing.isEmpty else {
      let names = missing.prefix(5).joined(separator: ", ") + (missing.count > 5 ? ", ..." : "")
      throw CommandError(
        .invalid,
        "\(window) is by each store's clock, and fleet.yaml gives no 'timezone' of \(names); say it there, or once for all stores "
          + "at the top"
      )
    }
    self.init(hours: hours, zones: zones)
  }

  package subscript(_ store: String) -> TransferHours? { hours[store] }

  /// As `fleet.yaml` names it; nil for a store without hours.
  func zone(of store: String) -> String? { zones[store] }
}
