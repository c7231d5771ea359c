import FleetCore
import FoundationEssentials
import Testing

@Suite struct DeliveryTests {
  private let node = NodeName(store: "austin-01", node: "a")

  @Test func journalsOfBeforeAreStillRead() throws {
    let delivery = Delivery(
      sentBytes: 10,
      missingBytes: 100,
      bases: [ModelVersion(name: "tag-reader", number: 1)],
      siblings: [NodeName(store: "austin-01", node: "b")],
      fallbacks: ["why"]
    )
    let event = RolloutEvent.transferred(node, sentBytes: 10, delivery: delivery)
    let data = try JSONEncoder().encode(event)
    #expect(try JSONDecoder().decode(RolloutEvent.self, from: data) == event)
    let before = try JSONEncoder().encode(RolloutEvent.transferred(node, sentBytes: 10))
    #expect(!String(decoding: before, as: UTF8.self).contains("delivery"), "as they were written then")
    #expect(try JSONDecoder().decode(RolloutEvent.self, from: before) == .transferred(node, sentBytes: 10))
  }

  @Test func whatIsSavedIsNeverLessThanNothing() {
    #expect(Delivery(sentBytes: 10, missingBytes: 100).savedBytes == 90)
    #expect(Delivery(sentBytes: 100, missingBytes: 10).savedBytes == 0, "a broken line may cost more than the version")
  }
}
