import FleetCore
import FleetTestSupport
import FoundationEssentials
import Testing

@testable import FleetConsole

@Suite struct AlertOutboxTests {
  private static func alert(_ id: Int, revision: Int = 1) -> Alert {
    var alert = Alert(
      id: id,
      cause: AlertCause(.latency, store: "denver-02"),
      severity: .critical,
      text: "slow",
      nodes: [NodeName(store: "denver-02", node: "b")],
      raised: Date(timeIntervalSince1970: 0)
    )
    alert.revision = revision
    return alert
  }

  @Test func oneThatFailsHoldsUpNobodyElse() {
    var outbox = AlertOutbox(sinks: 2)
    _ = outbox.offer([Self.alert(1), Self.alert(2)])
    #expect(outbox.next(for: 0, at: 0)?.id == 1 && outbox.next(for: 1, at: 0)?.id == 1)
    let isTold1 = outbox.settle(Self.alert(1), sink: 0, .failed("500"), at: 0, jitter: 1)
    #expect(!isTold1)
    #expect(outbox.next(for: 0, at: 0.4) == nil)
    let isTold2 = outbox.settle(Self.alert(1), sink: 1, .delivered, at: 0, jitter: 1)
    #expect(!isTold2)
    #expect(outbox.next(for: 1, at: 0)?.id == 2)
    #expect(outbox.next(for: 0, at: 0.5)?.id == 1, "the oldest first, again")
    let isTold3 = outbox.settle(Self.alert(1), sink: 0, .delivered, at: 0.5, jitter: 1)
    #expect(isTold3, "everybody has it")
  }

  @Test func restsDoubleUpToAMinute() {
    var outbox = AlertOutbox(sinks: 1)
    _ = outbox.offer([Self.alert(1)])
    var rests: [Double] = []
    var now = 0.0
    for _ in 0..<12 {
      _ = outbox.settle(Self.alert(1), sink: 0, .failed("500"), at: now, jitter: 1)
      var next = now
      while outbox.next(for: 0, at: next) == nil { next += 0.25 }
      rests.append(next - now)
      now = next
    }
    #expect(rests == [0.5, 1, 2, 4, 8, 16, 32, 60, 60, 60, 60, 60])
    _ = outbox.settle(Self.alert(1), sink: 0, .failed("500"), at: now, jitter: 0)
    #expect(
      outbox.next(for: 0, at: now + 29.9) == nil && outbox.next(for: 0, at: now + 30) != nil,
      "half of it at least"
    )
  }

  @Test func whatChangesIsToldOnceAsItIsThen() {
    var outbox = AlertOutbox(sinks: 1)
    _ = outbox.offer([Self.alert(1)])
    _ = outbox.settle(Self.alert(1), sink: 0, .failed("500"), at: 0, jitter: 0)
    _ = outbox.offer([Self.alert(1, revision: 3)])
    #expect(outbox.next(for: 0, at: 9)?.revision == 3)
    let isTold4 = outbox.settle(Self.alert(1), sink: 0, .delivered, at: 9, jitter: 0)
    #expect(!isTold4, "that was what it had been")
    let isTold5 = outbox.settle(Self.alert(1, revision: 3), sink: 0, .delivered, at: 9, jitter: 0)
    #expect(isTold5)
    #expect(outbox.isEmpty)
  }

  @Test func whatIsRefusedIsNotAskedAgain() {
    var outbox = AlertOutbox(sinks: 1)
    _ = outbox.offer([Self.alert(1), Self.alert(2)])
    let isTold6 = outbox.settle(Self.alert(1), sink: 0, .refused("404"), at: 0, jitter: 0)
    #expect(isTold6)
    #expect(outbox.next(for: 0, at: 0)?.id == 2)
  }

  /// The disk was read, then it was told and written down, and only then what had been read comes in.
  @Test func whatTheDiskDoesNotKnowYetIsNotToldAgain() {
    var outbox = AlertOutbox(sinks: 1)
    let before = outbox.offer([Self.alert(1, revision: 2)])
    #expect(before.isEmpty && !outbox.isEmpty)
    let isTold = outbox.settle(Self.alert(1, revision: 2), sink: 0, .delivered, at: 0, jitter: 0)
    #expect(isTold)
    let late = outbox.offer([Self.alert(1, revision: 2)])
    #expect(late.map(\.id) == [1], "to be written down, once more")
    let older = outbox.offer([Self.alert(1, revision: 1)])
    #expect(older.map(\.revision) == [2])
    #expect(outbox.next(for: 0, at: 9) == nil && outbox.isEmpty)
    let changed = outbox.offer([Self.alert(1, revision: 3)])
    #expect(changed.isEmpty && outbox.next(for: 0, at: 9)?.revision == 3)
  }

  @Test func withNobodyToTellNothingIsTold() {
    var outbox = AlertOutbox(sinks: 0)
    let told = outbox.offer([Self.alert(1)])
    #expect(told.isEmpty && !outbox.isEmpty)
  }

  @Test func itHoldsNoMoreThanItSays() {
    var outbox = AlertOutbox(sinks: 1)
    _ = outbox.offer((1...1000).map { Self.alert($0) })
    for id in 1...AlertOutbox.capacity {
      let isTold7 = outbox.settle(Self.alert(id), sink: 0, .delivered, at: 0, jitter: 0)
      #expect(isTold7)
    }
    #expect(outbox.isEmpty)
  }

  /// Sinks that fail at random: everybody gets the last revision of every alert, and nobody the same one twice.
  @Test func everybodyHearsEverythingOnce() throws {
    var random = SeededRandom()
    for _ in 0..<200 {
      let sinks = Int.random(in: 1...4, using: &random)
      var outbox = AlertOutbox(sinks: sinks)
      var disk = (1...Int.random(in: 1...20, using: &random)).map { Self.alert($0) }
      var read = disk
      var heard: [Set<String>] = Array(repeating: [], count: sinks)
      var now = 0.0
      while !disk.isEmpty {
        now += 0.5
        try #require(now < 5000, "it ends: \(random)")
        if now < 20, random.chance(0.1), let index = disk.indices.randomElement(using: &random) {
          disk[index].revision += 1
        }
        // What is read from the disk may be older than it is by now.
        let unwritten = outbox.offer(random.chance(0.3) ? read : disk)
        #expect(unwritten.allSatisfy { alert in heard.allSatisfy { $0.contains("\(alert.id) \(alert.revision)") } })
        read = disk
        for sink in 0..<sinks {
          guard let alert = outbox.next(for: sink, at: now) else { continue }
          let isTaken = random.chance(0.5)
          if isTaken { #expect(heard[sink].insert("\(alert.id) \(alert.revision)").inserted, "twice: \(random)") }
          let outcome: AlertOutbox.Outcome = isTaken ? .delivered : .failed("no")
          let jitter = Double.random(in: 0...1, using: &random)
          guard outbox.settle(alert, sink: sink, outcome, at: now, jitter: jitter) else { continue }
          #expect(heard.allSatisfy { $0.contains("\(alert.id) \(alert.revision)") }, "not all: \(random)")
          disk.removeAll { $0.id == alert.id && $0.revision == alert.revision }
        }
      }
    }
  }
}
