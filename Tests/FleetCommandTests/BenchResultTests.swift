import FleetCore
import Foundation
import NIOCore
import Testing

@testable import fleet

struct BenchResultTests {
  private static func window(
    energy: (before: EnergySample, after: EnergySample)? = nil
  ) -> BenchRun.Window {
    var ledger = BenchLedger()
    for count in 1...100 { ledger.record(.answered, took: .microseconds(Int64(count) * 100)) }
    ledger.record(.refused("busy"), took: .milliseconds(2))
    ledger.record(.failed("wrong"), took: .milliseconds(2))
    ledger.record(.lost("gone"), took: .milliseconds(2))
    return BenchRun.Window(ledger: ledger, seconds: 2, serverSeconds: 0.01, clientSeconds: 0.02, energy: energy)
  }

  @Test func countsAndPercentiles() {
    let result = BenchResult(concurrency: 4, rate: nil, Self.window())
    #expect(result.requests == 100 && result.requestsPerS == 50)
    #expect(result.errors == 3 && result.refused == 1 && result.failed == 1 && result.lost == 1)
    #expect(result.example == "busy")
    for (value, expected) in [(result.p50Ms, 5.0), (result.p90Ms, 9.0), (result.p99Ms, 9.9)] {
      #expect(abs((value ?? 0) - expected) <= expected * 0.01, "within HdrHistogram's two digits")
    }
    #expect(result.maxMs == 10)
    #expect(result.serverCpuUsPerRequest == 100 && result.clientCpuUsPerRequest == 200)
  }

  @Test func energyIsMeanPowerOverTheWindow() {
    let before = EnergySample(time: 100, joules: .estimated(50))
    // 8 J in 4 s are 2 W; 2 s at that for 100 requests.
    let after = EnergySample(time: 104, joules: .estimated(58))
    let result = BenchResult(concurrency: 1, rate: nil, Self.window(energy: (before, after)))
    #expect(result.joulesPerInference == .estimated(0.04))
    let silent = BenchResult(concurrency: 1, rate: nil, Self.window(energy: (before, before)))
    #expect(silent.joulesPerInference.absence != nil)
    let absent = EnergySample(time: 104, joules: .absent("no meter"))
    let unknown = BenchResult(concurrency: 1, rate: nil, Self.window(energy: (before, absent)))
    #expect(unknown.joulesPerInference == .absent("no meter"))
  }

  @Test func everyKeyIsThere() throws {
    let report = BenchReport(
      address: "box:8000",
      form: "rest",
      node: nil,
      model: "mlp",
      pid: nil,
      results: [BenchResult(concurrency: 1, rate: nil, Self.window())]
    )
    let object = try #require(
      try JSONSerialization.jsonObject(with: Data(try report.encoded().utf8)) as? [String: Any]
    )
    #expect(Set(object.keys) == ["schema", "address", "form", "node", "model", "pid", "results"])
    let result = try #require((object["results"] as? [[String: Any]])?.first)
    #expect(result["rate"] is NSNull && result["requests"] as? Int == 100)
    #expect(result.count == 20)
    #expect(report.table().contains("first error: busy"))
  }

  @Test func readsCPUTimeOfAnyName() {
    let stat = "42 (a ) b) S 1 1 1 0 -1 4194560 1 0 0 0 150 50 0 0 20 0 1 0 1 1 1"
    #expect(BenchProcess.cpuSeconds(inStat: stat, ticksPerSecond: 100) == 2)
    for wrong in ["", "42 (a", "42 (a) S 1"] { #expect(BenchProcess.cpuSeconds(inStat: wrong) == nil) }
    #expect(BenchProcess.ownSeconds() > 0)
  }
}
