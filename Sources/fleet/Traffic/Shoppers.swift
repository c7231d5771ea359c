import FleetCore
import NIOPosix

/// All shoppers of all stores, at a modest rate.
struct Shoppers: Sendable {
  let ledger = TrafficLedger()
  private let shoppers: [Shopper]
  private static let perStore = 4

  /// `rate` is requests per second over all stores; 0 means none.
  init(
    stores: [[Shopper.Node]],
    model: String,
    images: DigitImages,
    rate: Double,
    group: MultiThreadedEventLoopGroup
  ) {
    guard rate > 0, !stores.isEmpty else {
      shoppers = []
      return
    }
    let interval = Duration.seconds(Double(stores.count * Self.perStore) / rate)
    var shoppers: [Shopper] = []
    for nodes in stores where !nodes.isEmpty {
      for index in 0..<Self.perStore {
        let own = index % nodes.count
        shoppers.append(
          Shopper(
            nodes: Array(nodes[own...] + nodes[..<own]),
            path: "/v2/models/\(model)/infer",
            images: images,
            ledger: ledger,
            group: group,
            interval: interval
          )
        )
      }
    }
    self.shoppers = shoppers
  }

  /// Runs until cancelled, and then until each has finished its request.
  func run() async {
    await withTaskGroup { group in
      for shopper in shoppers { group.addTask { await shopper.run() } }
    }
  }
}
