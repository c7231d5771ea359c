import FleetCore
import Testing

struct HealthTests {
  @Test func worseIsMore() {
    #expect([Health.faulty, .healthy, .degraded].sorted() == [.healthy, .degraded, .faulty])
    #expect([Health.degraded, .faulty, .healthy].max() == .faulty)
  }
}
