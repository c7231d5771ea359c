import FleetTestSupport
import Testing

@testable import FleetCore

struct HysteresisTests {
  /// One letter a second: `x` over, `-` between, `.` clear, `?` unknown. Below it the level after each: h, d or f.
  /// Degraded after 3 s, faulty after 6 s, healthy again after 4 s clear.
  @Test(arguments: [
    ("over for long enough", "xxxxxxxx", "hhhdddff"),
    ("a blip", "xx......", "hhhhhhhh"),
    ("blips do not add up", "xx.xx.xx.", "hhhhhhhhh"),
    ("close to the limit ends a blip too", "xx-xx-xx", "hhhhhhhh"),
    ("too little evidence ends a blip too", "xx?xx?xx", "hhhhhhhh"),
    ("clear for long enough", "xxxx.....", "hhhdddddh"),
    ("clear with a break", "xxxx...-.....", "hhhdddddddddh"),
    ("clear with a gap", "xxxx...?.....", "hhhdddddddddh"),
    ("unknown keeps the last word", "xxxx??????", "hhhddddddd"),
    ("unknown does not interrupt the way to faulty", "xxxx?xx", "hhhdddf"),
    ("a clear moment does", "xxxx.xxxxxxx", "hhhddddddddf"),
    ("a moment close to the limit does", "xxxx-xxxxxxx", "hhhddddddddf"),
    ("faulty stays until clear", "xxxxxxx---....." + "....", "hhhddd" + "ffffffff" + "hhhhh"),
    ("after healing it counts anew", "xxxx.....xxxx", "hhhdddddhhhhd"),
  ])
  func script(_ name: String, _ observations: String, _ levels: String) {
    var rule = Hysteresis(degradedAfter: 3, faultyAfter: 6, clearAfter: 4)
    var found = ""
    for (second, letter) in observations.enumerated() {
      let observation: Hysteresis.Observation =
        switch letter {
        case "x": .over
        case "-": .between
        case ".": .clear
        default: .unknown
        }
      rule.update(observation, at: Double(second))
      found += rule.level.rawValue.prefix(1)
    }
    #expect(found == levels, "\(name): \(observations)")
  }

  @Test func neverHealsBeforeItWasClearForLongEnough() {
    var random = SeededRandom()
    let observations: [Hysteresis.Observation] = [.over, .between, .clear, .unknown]
    for _ in 0..<200 {
      var rule = Hysteresis(degradedAfter: 5, faultyAfter: 20, clearAfter: 10)
      var seconds = 0.0
      var before = Health.healthy
      var changed = -Double.infinity
      var over = 0.0
      for _ in 0..<500 {
        seconds += .random(in: 0.1...3, using: &random)
        let isOver = random.chance(0.7)
        let observation = isOver ? .over : observations.randomElement(using: &random) ?? .over
        rule.update(observation, at: seconds)
        if observation == .over { over = seconds }
        if rule.level == .healthy, before != .healthy {
          #expect(seconds - over >= 10, "clear long enough, seed \(random.seed)")
          #expect(seconds - changed >= 10, "flapping, seed \(random.seed)")
        }
        if rule.level != before { changed = seconds }
        if rule.level == .healthy { #expect(rule.secondsOver(at: seconds) < 5, "seed \(random.seed)") }
        before = rule.level
      }
    }
  }
}
