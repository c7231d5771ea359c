/// Everything about a simulated fleet that is drawn before it starts: stores and nodes, what each box is made of, and what is
/// wrong with it. Drawn from the seed, so that a run can be had again.
package struct SimulationPlan: Sendable, Equatable {
  package struct Store: Sendable, Equatable {
    package var name: String
    package var labels: [String: String]
    package var utcOffsetHours: Double
    package var boxes: [Box]
  }

  package struct Box: Sendable, Equatable {
    package var name: NodeName
    package var profile: BoxProfile
    package var faults: BoxFaults
  }

  package let settings: SimulationSettings
  package let stores: [Store]

  package var boxes: [Box] { stores.flatMap(\.boxes) }

  /// Region and its hours east of UTC.
  private static let regions = [("north", -6.0), ("east", -5.0), ("south", -6.0), ("west", -8.0)]
  /// The first stores are those that get everything first.
  private static let canaries = 3

  package init(_ settings: SimulationSettings) {
    self.settings = settings
    let names = Self.names(settings)
    let ill = Self.drawn(settings.faulty, of: names.count, seed: settings.seed, "faulty")
    let away = Self.drawn(settings.offline, of: names.count, seed: settings.seed, "offline")
    let vanishing = Self.drawn(settings.vanishing, of: names.count, seed: settings.seed, "vanishing")
    let storeCount = (names.count + settings.nodesPerStore - 1) / settings.nodesPerStore
    var stores: [Store] = []
    for (index, name) in names.enumerated() {
      let number = index / settings.nodesPerStore
      if stores.count == number {
        let region = Self.regions[number % Self.regions.count]
        let tier = number < min(Self.canaries, max(1, storeCount / 4)) ? "canary" : "standard"
        stores.append(
          Store(
            name: name.store,
            labels: ["region": region.0, "tier": tier],
            utcOffsetHours: settings.hour == nil ? region.1 : 0,
            boxes: []
          )
        )
      }
      var faults = BoxFaults()
      if ill.contains(index) { faults.illness = Self.illness(name, seed: settings.seed) }
      if away.contains(index) {
        faults.spells = OfflineSpells(seed: settings.seed, name: name, mean: settings.away.seconds)
      }
      if vanishing.contains(index) { faults.vanishing = Self.vanishing(name, settings) }
      // Stores bought their boxes at one time, so all in a store are of one kind.
      var random = SplitMix64(seed: settings.seed, stream: "device \(name.store)")
      let device: BoxProfile.Device = [.npu, .npu, .gpu, .cpu][Int(random.next() % 4)]
      stores[number].boxes.append(
        Box(name: name, profile: BoxProfile(device: device, seed: settings.seed, name: name), faults: faults)
      )
    }
    self.stores = stores
  }

  /// `store-017/b`; as many digits as the last store needs, three at least.
  private static func names(_ settings: SimulationSettings) -> [NodeName] {
    let stores = (settings.nodes + settings.nodesPerStore - 1) / settings.nodesPerStore
    let digits = max(3, String(stores).count)
    return (0..<settings.nodes).map { index in
      let number = String(index / settings.nodesPerStore + 1)
      let letter = Character(UnicodeScalar(UInt8(ascii: "a") + UInt8(index % settings.nodesPerStore)))
      return NodeName(
        store: "store-" + String(repeating: "0", count: digits - number.count) + number,
        node: String(letter)
      )
    }
  }

  /// Exactly that share of the indices, rounded, whichever they are.
  private static func drawn(_ share: Double, of count: Int, seed: UInt64, _ what: String) -> Set<Int> {
    var random = SplitMix64(seed: seed, stream: what)
    let wanted = Int((min(max(share, 0), 1) * Double(count)).rounded())
    return Set((0..<count).shuffled(using: &random).prefix(wanted))
  }

  private static func illness(_ name: NodeName, seed: UInt64) -> BoxFaults.Illness {
    var random = SplitMix64(seed: seed, stream: "illness \(name)")
    return switch random.next() % 3 {
    case 0: .slow(milliseconds: random.within(60...200).rounded())
    case 1: .failing((random.within(0.03...0.12) * 100).rounded() / 100)
    default: .hot(celsius: random.within(42...55).rounded())
    }
  }

  private static func vanishing(_ name: NodeName, _ settings: SimulationSettings) -> Vanishing {
    var random = SplitMix64(seed: settings.seed, stream: "vanishing \(name)")
    return Vanishing(share: random.within(0.1...0.9), seconds: settings.away.seconds * random.within(0.5...1.5))
  }
}
