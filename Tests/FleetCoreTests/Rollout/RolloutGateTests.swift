import FleetCore
import FleetTestSupport
import Foundation
import Testing

struct RolloutGateTests {
  private static let issues = "p99 < 50ms and errors < 0.5% and j_per_inf < 1.15 * before and accuracy >= 97%"

  @Test func readsTheIssuesGate() throws {
    let gate = try Gate(parsing: Self.issues)
    #expect(gate.conditions.map(\.measure) == [.p99, .errors, .joulesPerInference, .accuracy])
    #expect(gate.conditions.map(\.comparison) == [.less, .less, .less, .greaterOrEqual])
    #expect(gate.conditions.map(\.limit) == [.value(0.05), .value(0.005), .before(factor: 1.15), .value(0.97)])
    #expect(gate.description == Self.issues)
    #expect(gate.comparesWithBefore && gate.measuresAccuracy && !gate.comparesAccuracyWithBefore)
    #expect(try JSONDecoder().decode(Gate.self, from: JSONEncoder().encode(gate)) == gate)
  }

  @Test(arguments: [
    ("p99<50ms", "p99 < 50ms"), ("p50<=1.5*before", "p50 <= 1.5 * before"), ("watts < 15W", "watts < 15W"),
    ("celsius < 85C", "celsius < 85C"), ("utilization > 5%", "utilization > 5%"),
    ("requests_per_s >= 20/s", "requests_per_s >= 20/s"), ("j_per_inf < 20mJ", "j_per_inf < 20mJ"),
    ("accuracy >= before", "accuracy >= before"), ("  none ", "none"), ("none", "none"),
  ])
  func readsEveryName(_ text: String, _ canonical: String) throws {
    let gate = try Gate(parsing: text)
    #expect(gate.description == canonical)
    #expect(try Gate(parsing: gate.description) == gate)
  }

  @Test(arguments: [
    ("", "gate, column 1: expected a condition, found the end"),
    ("p9 < 50ms", "gate, column 1: unknown name 'p9'; did you mean 'p99'?"),
    (
      "latency < 50ms",
      "gate, column 1: unknown name 'latency'; known are p50, p99, errors, j_per_inf, watts, celsius, utilization, "
        + "requests_per_s, accuracy"
    ),
    (
      "p99 < 50",
      "gate, column 7: expected a duration such as '50ms', 'before' or 'NUMBER * before', found '50'"
    ),
    (
      "p99 < 50C",
      "gate, column 7: expected a duration such as '50ms', 'before' or 'NUMBER * before', found '50C'"
    ),
    (
      "errors < 0.5",
      "gate, column 10: expected a percentage such as '0.5%', 'before' or 'NUMBER * before', found '0.5'"
    ),
    ("p99 = 50ms", "gate, column 5: expected '<', '<=', '>' or '>=', found '='"),
    ("p99", "gate, column 4: expected '<', '<=', '>' or '>=', found the end"),
    (
      "p99 <",
      "gate, column 6: expected a duration such as '50ms', 'before' or 'NUMBER * before', found the end"
    ),
    ("p99 < 50 ms", "gate, column 7: expected a duration such as '50ms', 'before' or 'NUMBER * before', found '50'"),
    ("p99 < 50ms errors < 1%", "gate, column 12: expected 'and', found 'errors'"),
    ("p99 < 50ms or errors < 1%", "gate, column 12: only 'and' joins conditions, found 'or'"),
    ("(p99 < 50ms)", "gate, column 1: only 'and' joins conditions, found '('"),
    ("p99 < before * 1.1", "gate, column 7: write the number first: '1.1 * before'"),
    ("p99 < 1.1 * befor", "gate, column 13: expected 'before' after '*', found 'befor'; did you mean 'before'?"),
    ("p99 < 110% * before", "gate, column 7: expected a number such as '1.15' before '*', found '110%'"),
    ("p99 < -1 * before", "gate, column 7: expected a number such as '1.15' before '*', found '-1'"),
    ("p99 < inf * before", "gate, column 7: expected a number such as '1.15' before '*', found 'inf'"),
    ("p99 < 1.1 * before 3", "gate, column 20: expected 'and', found '3'"),
    ("p99 < 1 * before and", "gate, column 21: expected a condition, found the end"),
    (
      "p9 < 50ms and errors < 2 and accuracy = 97% and watts < 9W nodes",
      """
      gate, column 1: unknown name 'p9'; did you mean 'p99'?
      gate, column 24: expected a percentage such as '0.5%', 'before' or 'NUMBER * before', found '2'
      gate, column 39: expected '<', '<=', '>' or '>=', found '='
      gate, column 60: expected 'and', found 'nodes'
      """
    ),
  ])
  func saysAllThatIsWrong(_ text: String, _ message: String) {
    let error = #expect(throws: RuleError.self) { try Gate(parsing: text) }
    #expect(error?.description == message)
  }

  @Test(.timeLimit(.minutes(1))) func hostileTextsEndWell() {
    let texts = [
      String(repeating: "p99 < 1ms and ", count: 100_000), String(repeating: "*", count: 4000),
      String(repeating: "<", count: 4096), String(repeating: "and ", count: 1000), "p99 < \u{0}", "p99 < 1e999s",
      "p99 < \(String(repeating: "9", count: 500))ms", "p99 < 1.2.3ms", "p99\u{a0}<\u{a0}x", "🙂 < 🙂",
      Array(repeating: "p99 < 1ms", count: 33).joined(separator: " and "),
    ]
    for text in texts {
      #expect(throws: RuleError.self, "\(text.prefix(40))") { try Gate(parsing: text) }
    }
  }

  @Test func randomTextsAreReadOrRefusedNeverMore() {
    var random = SeededRandom()
    let words = [
      "p99", "errors", "<", "<=", ">", "1.5", "*", "before", "and", "or", "50ms", "1%", "(", "", " ", "x", "<*",
    ]
    for _ in 0..<2000 {
      let text = (0..<Int.random(in: 0...12, using: &random)).map { _ in words.randomElement(using: &random) ?? "" }
        .joined(separator: random.chance(0.8) ? " " : "")
      do {
        let gate = try Gate(parsing: text)
        #expect((try? Gate(parsing: gate.description)) == gate)
      } catch {
        #expect(!error.problems.isEmpty)
        #expect(error.problems.allSatisfy { (1...text.count + 1).contains($0.column) }, "\(text)")
        #expect(error.problems.map(\.column) == error.problems.map(\.column).sorted())
      }
    }
  }

  // MARK: Evaluation

  private func window(
    requests: UInt64 = 1000,
    errors: UInt64 = 1,
    p99: Double = 40,
    joules: Evidence<Double> = .known(10),
    golden: Evidence<GoldenResult> = .known(GoldenResult(right: 98, total: 100))
  ) -> GateWindow {
    GateWindow(
      seconds: 10,
      requests: .known(requests),
      errors: .known(errors),
      latency: .known(LatencyHistogram([.init(microseconds: UInt64(p99 * 1000), count: requests)])),
      joules: joules,
      watts: .known(7, isEstimate: true),
      celsius: .absent("no sensor"),
      utilization: .known(0.25),
      golden: golden
    )
  }

  private func verdict(_ text: String, now: GateWindow, before: GateWindow? = nil) throws -> GateVerdict {
    let evidence = GateEvidence(now: now, before: before ?? window())
    return try Gate(parsing: text).evaluate(evidence, minimumSamples: 100)
  }

  @Test func aGoodVersionPasses() throws {
    let verdict = try verdict(Self.issues, now: window())
    #expect(verdict.outcome == .passed)
    #expect(verdict.findings.map(\.why) == ["40ms", "0.1%", "10mJ, limit 11.5mJ", "98%"])
  }

  @Test func eachConditionStopsABadOne() throws {
    let slow = try verdict(Self.issues, now: window(p99: 61))
    #expect(slow.outcome == .failed && slow.reason == "p99 < 50ms: 61ms")
    let wrong = try verdict(Self.issues, now: window(golden: .known(GoldenResult(right: 50, total: 100))))
    #expect(wrong.outcome == .failed && wrong.reason == "accuracy >= 97%: 50%")
    let hungry = try verdict(Self.issues, now: window(joules: .known(12)))
    #expect(hungry.reason == "j_per_inf < 1.15 * before: 12mJ, limit 11.5mJ")
    let failing = try verdict(Self.issues, now: window(errors: 5))
    #expect(failing.reason == "errors < 0.5%: 0.5%", "less is not equal")
  }

  @Test func noDataIsNeverAPass() throws {
    let few = try verdict(Self.issues, now: window(requests: 99, errors: 0))
    #expect(few.outcome == .undecided)
    #expect(few.reason.hasPrefix("p99 < 50ms: not known: 99 of the 100 requests that it takes; errors < 0.5%:"))
    let none = try verdict(Self.issues, now: .absent("nothing came"))
    #expect(none.findings.allSatisfy { $0.outcome == .undecided && $0.value == nil && $0.why.contains("nothing came") })
    let first = try verdict("p99 < 2 * before", now: window(), before: .absent("it served none before"))
    #expect(first.reason == "p99 < 2 * before: not known of before: it served none before")
    #expect(try verdict("celsius < 85C", now: window()).reason == "celsius < 85C: not known: no sensor")
    let empty = window(golden: .known(GoldenResult(right: 0, total: 0)))
    #expect(try verdict("accuracy >= 0%", now: empty).outcome == .undecided)
    #expect(try verdict("errors < 1%", now: window(requests: 0, errors: 0)).outcome == .undecided)
    #expect(
      try Gate(parsing: "errors < 1%").evaluate(
        GateEvidence(now: window(requests: 0, errors: 0), before: window()),
        minimumSamples: 0
      ).outcome == .undecided,
      "zero requests decide nothing, whatever the minimum"
    )
  }

  @Test func oneFailureOutweighsWhatIsUnknown() throws {
    let verdict = try verdict("celsius < 85C and p99 < 50ms", now: window(p99: 80))
    #expect(verdict.outcome == .failed && verdict.reason == "p99 < 50ms: 80ms")
  }

  @Test func estimatesAreMarked() throws {
    let verdict = try verdict("watts < 15W", now: window())
    #expect(verdict.findings.first?.isEstimate == true && verdict.findings.first?.why == "~7W")
  }

  @Test(arguments: [
    (GateMeasure.p99, 0.0482, "48.2ms"), (.p99, 0.12, "120ms"), (.p99, 1.5, "1.5s"), (.p50, 0.000_25, "250us"),
    (.errors, 0.0031, "0.31%"), (.errors, 0, "0%"), (.accuracy, 1, "100%"), (.joulesPerInference, 0.0115, "11.5mJ"),
    (.joulesPerInference, 2.5, "2.5J"), (.watts, 99.96, "100W"), (.celsius, 85, "85C"), (.celsius, -3.25, "-3.25C"),
    (.requestsPerSecond, 1234.5, "1235/s"), (.requestsPerSecond, 1e300, "1e+300/s"), (.errors, 0.000_001, "0%"),
  ])
  func valuesReadWell(_ measure: GateMeasure, _ value: Double, _ text: String) {
    #expect(measure.text(value) == text)
  }

  @Test func zeroBeforeIsComparedExactly() throws {
    let clean = window(errors: 0)
    #expect(try verdict("errors < 2 * before", now: clean, before: clean).outcome == .failed)
    #expect(try verdict("errors <= 2 * before", now: clean, before: clean).outcome == .passed)
  }

  @Test func noConditionPasses() throws {
    #expect(try verdict("none", now: .absent("nothing")).outcome == .passed)
  }
}
