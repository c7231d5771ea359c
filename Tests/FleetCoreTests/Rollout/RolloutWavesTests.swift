import FleetCore
import FleetTestSupport
import Foundation
import Testing

struct RolloutWavesTests {
  @Test(arguments: [
    ("1,10%,50%,100%", 40, [1, 3, 16, 20]),
    ("1,10%,50%,100%", 3, [1, 1, 1]),
    ("1,10%,50%,100%", 1, [1]),
    ("1,10%,50%,100%", 0, []),
    ("10%", 30, [3, 27]),
    ("10%", 31, [4, 27]),
    ("5,20", 12, [5, 7]),
    ("33.33%,100%", 9, [3, 6]),
    ("0.5%,100%", 200, [1, 199]),
    ("100%", 7, [7]),
    (" 1 , 50% ", 4, [1, 1, 2]),
  ])
  func splitsStores(_ text: String, _ stores: Int, _ expected: [Int]) throws {
    let waves = try Waves(parsing: text).split(Array(0..<stores))
    #expect(waves.map(\.count) == expected)
    #expect(waves.flatMap { $0 } == Array(0..<stores), "every store once, in order")
  }

  @Test(arguments: [
    ("", "waves, column 1: expected a number of stores such as '5' or a part of them such as '10%', found nothing"),
    ("1,,5", "waves, column 3: expected a number of stores such as '5' or a part of them such as '10%', found nothing"),
    ("0", "waves, column 1: expected a number of stores such as '5' or a part of them such as '10%', found '0'"),
    ("1, 0%", "waves, column 4: expected a number of stores such as '5' or a part of them such as '10%', found '0%'"),
    (
      "1,101%", "waves, column 3: expected a number of stores such as '5' or a part of them such as '10%', found '101%'"
    ),
    (
      "1,half,-3",
      """
      waves, column 3: expected a number of stores such as '5' or a part of them such as '10%', found 'half'
      waves, column 8: expected a number of stores such as '5' or a part of them such as '10%', found '-3'
      """
    ),
    (
      "10%,5,10%",
      "waves, column 7: '10%' is not more than '10%' before it; each entry counts all stores reached so far"
    ),
    ("9,3", "waves, column 3: '3' is not more than '9' before it; each entry counts all stores reached so far"),
    ("1.5", "waves, column 1: expected a number of stores such as '5' or a part of them such as '10%', found '1.5'"),
    (
      "1e3%",
      "waves, column 1: expected a number of stores such as '5' or a part of them such as '10%', found '1e3%'"
    ),
  ])
  func saysWhatIsWrong(_ text: String, _ message: String) {
    let error = #expect(throws: RuleError.self) { try Waves(parsing: text) }
    #expect(error?.description == message)
  }

  @Test func tooManyAreRefused() {
    let text = (1...100).map(String.init).joined(separator: ",")
    #expect(throws: RuleError.self) { try Waves(parsing: text) }
    #expect(throws: RuleError.self) { try Waves(parsing: String(repeating: ",", count: 100_000)) }
  }

  @Test func theTextIsKeptInJournals() throws {
    let waves = try Waves(parsing: "1,10%,33.25%,0.5,".replacing(",0.5,", with: ""))
    #expect(waves.description == "1,10%,33.25%")
    let data = try JSONEncoder().encode([waves])
    #expect(String(decoding: data, as: UTF8.self) == #"["1,10%,33.25%"]"#)
    #expect(try JSONDecoder().decode([Waves].self, from: data) == [waves])
    #expect(throws: DecodingError.self) { try JSONDecoder().decode([Waves].self, from: Data(#"["x"]"#.utf8)) }
    #expect(Waves.standard.description == "1,10%,50%,100%")
  }

  @Test func anyWavesReachEveryStoreOnce() throws {
    var random = SeededRandom()
    for _ in 0..<500 {
      var entries: [String] = []
      var (count, part) = (0, 0)
      for _ in 0..<Int.random(in: 1...6, using: &random) {
        if random.chance(0.5) {
          count += Int.random(in: 1...50, using: &random)
          entries.append("\(count)")
        } else if part < 95 {
          part += Int.random(in: 1...5, using: &random)
          entries.append("\(part)%")
        }
      }
      guard !entries.isEmpty else { continue }
      let stores = Array(0..<Int.random(in: 0...300, using: &random))
      let waves = try Waves(parsing: entries.joined(separator: ",")).split(stores)
      #expect(waves.flatMap { $0 } == stores && waves.allSatisfy { !$0.isEmpty })
    }
  }
}

struct RolloutAbortRuleTests {
  @Test(arguments: [
    ("failed >= 3 and failed >= 10%", 2, 10, false), ("failed >= 3 and failed >= 10%", 3, 10, true),
    ("failed >= 3 and failed >= 10%", 3, 30, true), ("failed >= 3 and failed >= 10%", 3, 31, false),
    ("failed>=1", 1, 1000, true), ("failed >= 1", 0, 1000, false), ("failed > 1", 1, 9, false),
    ("failed > 1", 2, 9, true), ("failed > 50%", 5, 10, false), ("failed > 50%", 6, 10, true),
    ("failed >= 0.5%", 1, 200, true), ("failed >= 0.5%", 1, 201, false),
  ])
  func counts(_ text: String, _ failed: Int, _ nodes: Int, _ expected: Bool) throws {
    #expect(try AbortRule(parsing: text).isMet(failed: failed, of: nodes) == expected)
  }

  @Test(arguments: [
    ("", "abort, column 1: expected a condition, found the end"),
    ("faild >= 3", "abort, column 1: expected 'failed', found 'faild'; did you mean 'failed'?"),
    ("failed < 3", "abort, column 8: expected '>=' or '>', found '<'"),
    (
      "failed >= x",
      "abort, column 11: expected a number of nodes such as '3' or a part of them such as '10%', found 'x'"
    ),
    (
      "failed >= 0",
      "abort, column 11: expected a number of nodes such as '3' or a part of them such as '10%', found '0'"
    ),
    ("failed >= 3 nodes", "abort, column 13: expected 'and', found 'nodes'"),
    ("failed >= 3 and", "abort, column 16: expected a condition, found the end"),
    (
      "failed = 3 and and died >= 200%",
      """
      abort, column 8: expected '>=' or '>', found '='
      abort, column 16: expected a condition, found 'and'
      abort, column 20: expected 'failed', found 'died'
      abort, column 28: expected a number of nodes such as '3' or a part of them such as '10%', found '200%'
      """
    ),
  ])
  func saysWhatIsWrong(_ text: String, _ message: String) {
    let error = #expect(throws: RuleError.self) { try AbortRule(parsing: text) }
    #expect(error?.description == message)
  }

  @Test func theTextReadsBack() throws {
    for text in ["failed >= 3 and failed >= 10%", "failed > 2.5%"] {
      #expect(try AbortRule(parsing: text).description == text)
    }
    #expect(AbortRule.first.description == "failed >= 1")
  }
}
