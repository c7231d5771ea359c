import FleetTestSupport
import Testing

@testable import FleetCore

struct NearNameTests {
  @Test(arguments: [
    ("adress", "address"), ("addres", "address"), ("addrses", "address"), ("Address", "address"), ("lables", "labels"),
    ("nods", "nodes"),
  ])
  func findsSlipsOfTheKeyboard(_ name: String, _ meant: String) {
    let known = ["name", "address", "labels", "nodes"]
    #expect(NearName.suggestion(for: name, among: known) == meant)
    #expect(NearName.hint(for: name, among: known) == "; did you mean '\(meant)'?")
  }

  @Test(arguments: ["", "port", "addressesandmore", "xyz"])
  func staysSilentWhenNothingIsNear(_ name: String) {
    #expect(NearName.suggestion(for: name, among: ["name", "address", "labels"]) == nil)
    #expect(NearName.hint(for: name, among: ["name", "address", "labels"]).isEmpty)
  }

  @Test func aLongNameCostsNothing() {
    let clock = ContinuousClock()
    let long = String(repeating: "x", count: 1_000_000)
    let time = clock.measure { _ = NearName.suggestion(for: long, among: ["name", "address"]) }
    #expect(time < .seconds(20))
  }

  @Test func distanceIsAMetricUpToSwaps() {
    #expect(NearName.distance("", "") == 0)
    #expect(NearName.distance("", "abc") == 3)
    #expect(NearName.distance("kitten", "sitting") == 3)
    #expect(NearName.distance("ab", "ba") == 1)
    var random = SeededRandom()
    for _ in 0..<2000 {
      let words = (0..<2).map { _ in
        String((0..<Int.random(in: 0...6, using: &random)).map { _ in "abc".randomElement(using: &random) ?? "a" })
      }
      let distance = NearName.distance(words[0], words[1])
      #expect(distance == NearName.distance(words[1], words[0]), "\(words), seed \(random.seed)")
      #expect((distance == 0) == (words[0] == words[1]), "\(words), seed \(random.seed)")
      #expect(distance <= max(words[0].count, words[1].count), "\(words), seed \(random.seed)")
      #expect(distance >= abs(words[0].count - words[1].count), "\(words), seed \(random.seed)")
    }
  }
}
