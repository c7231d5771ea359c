import Foundation
import NIOCore
import Testing

import struct FleetTestSupport.SeededRandom

@testable import FleetServing

@Suite struct RequestQueueTests {
  private typealias Queue = RequestQueue<Int>

  private static func time(_ milliseconds: Double) -> NIODeadline {
    .uptimeNanoseconds(UInt64(1e9 + (milliseconds * 1e6).rounded()))
  }

  private static func request(
    deadline: Double? = nil,
    rows: Int = 1,
    kind: [Int]? = nil,
    expected: Double? = nil
  ) -> Queue.Request {
    Queue.Request(
      deadline: deadline.map(time),
      rows: rows,
      kind: kind,
      expected: expected.map { .microseconds(Int64($0 * 1000)) }
    )
  }

  @Test func firstComeFirstServedAndNoMoreThanSuitsTheDevice() throws {
    var queue = Queue(bounds: .init(parallelism: 2))
    for call in 1...4 {
      #expect(queue.add(call, Self.request(), number: UInt64(call), now: Self.time(0)) == .waiting(UInt64(call)))
    }
    let next = queue.next(now: Self.time(0))
    let first = try #require(next)
    #expect(first.entries.map(\.call) == [1])
    #expect(queue.next(now: Self.time(0))?.entries.map(\.call) == [2])
    #expect(queue.next(now: Self.time(0)) == nil)
    queue.finished(first.number)
    #expect(queue.next(now: Self.time(5))?.entries.map(\.call) == [3])
    #expect(queue.remove(4) == 4)
    #expect(queue.remove(4) == nil)
    #expect(queue.waitingCount == 0)
  }

  @Test func refusesWhenFull() {
    var queue = Queue(bounds: .init(maximumQueued: 1))
    #expect(queue.add(1, Self.request(), number: 1, now: Self.time(0)) == .waiting(1))
    #expect(queue.next(now: Self.time(0)) != nil)
    #expect(queue.add(2, Self.request(), number: 2, now: Self.time(0)) == .waiting(2))
    #expect(queue.add(3, Self.request(), number: 3, now: Self.time(0)) == .refused(.full(1)))
  }

  @Test func aQueueOfNoneStillComputes() {
    var queue = Queue(bounds: .init(maximumQueued: 0))
    #expect(queue.add(1, Self.request(), number: 1, now: Self.time(0)) == .waiting(1))
    #expect(queue.next(now: Self.time(0)) != nil)
    #expect(queue.add(2, Self.request(), number: 2, now: Self.time(0)) == .refused(.full(0)))
  }

  @Test func refusesAtOnceWhatWouldWaitTooLong() {
    var queue = Queue(bounds: .init(maximumWait: .milliseconds(100), parallelism: 2))
    for number in 1...4 as ClosedRange<UInt64> {
      #expect(queue.add(0, Self.request(expected: 40), number: number, now: Self.time(0)) == .waiting(number))
      if number <= 2 { #expect(queue.next(now: Self.time(0)) != nil) }
    }
    // Two run for 40 ms and two after them: as two run at a time, whoever comes waits for 80 ms. Up to 100 are let in, with a quarter
    // on top for safety.
    #expect(queue.add(5, Self.request(deadline: 90), number: 5, now: Self.time(0)) == .refused(.deadline))
    #expect(queue.add(6, Self.request(expected: 40), number: 6, now: Self.time(0)) == .waiting(6))
    #expect(queue.add(7, Self.request(), number: 7, now: Self.time(0)) == .refused(.wouldWait(.milliseconds(100))))
    #expect(queue.add(8, Self.request(), number: 8, now: Self.time(30)) == .waiting(8), "70 ms")
  }

  /// However wrong the prediction, the device is kept busy.
  @Test func aModelThatIsThoughtTooSlowIsTriedAllTheSame() {
    var queue = Queue(bounds: .init(maximumWait: .milliseconds(100)))
    for number in 1...2 as ClosedRange<UInt64> {
      #expect(queue.add(0, Self.request(expected: 10_000), number: number, now: Self.time(0)) == .waiting(number))
      if number == 1 { #expect(queue.next(now: Self.time(0)) != nil) }
    }
    #expect(
      queue.add(3, Self.request(), number: 3, now: Self.time(0)) == .refused(.wouldWait(.seconds(20)))
    )
    queue.finished(1)
    #expect(queue.next(now: Self.time(1)) != nil)
  }

  @Test func refusesInTimeWhatHasWaitedTooLong() {
    var queue = Queue(bounds: .init(maximumWait: .milliseconds(100)))
    #expect(queue.add(1, Self.request(), number: 1, now: Self.time(0)) == .waiting(1))
    #expect(queue.next(now: Self.time(0)) != nil)
    #expect(queue.add(2, Self.request(), number: 2, now: Self.time(0)) == .waiting(2))
    #expect(queue.add(3, Self.request(deadline: 50), number: 3, now: Self.time(10)) == .waiting(3))
    #expect(queue.askAgain == Self.time(50))
    #expect(queue.expire(now: Self.time(49)).isEmpty)
    #expect(queue.expire(now: Self.time(50)).map(\.refusal) == [.deadline])
    #expect(queue.askAgain == Self.time(100))
    #expect(queue.expire(now: Self.time(100)).map(\.refusal) == [.waited(.milliseconds(100))])
    #expect(queue.askAgain == nil)
    #expect(queue.add(4, Self.request(deadline: 100), number: 4, now: Self.time(100)) == .refused(.deadline))
  }

  @Test func batchesWaitForCompanyNoLongerThanTold() {
    var queue = Queue(bounds: .init(largestBatch: 4, longestDelay: .milliseconds(5)))
    _ = queue.add(1, Self.request(kind: [8]), number: 1, now: Self.time(0))
    _ = queue.add(2, Self.request(kind: [9]), number: 2, now: Self.time(1))
    _ = queue.add(3, Self.request(rows: 2, kind: [8]), number: 3, now: Self.time(2))
    #expect(queue.next(now: Self.time(4)) == nil)
    #expect(queue.askAgain == Self.time(5))
    let first = queue.next(now: Self.time(5))
    #expect(first?.entries.map(\.call) == [1, 3], "of one kind")
    queue.finished(first?.number ?? 0)
    // A full batch waits for nobody, also behind one that does.
    _ = queue.add(4, Self.request(rows: 3, kind: [8]), number: 4, now: Self.time(5))
    _ = queue.add(5, Self.request(rows: 3, kind: [8]), number: 5, now: Self.time(5))
    #expect(queue.next(now: Self.time(5))?.entries.map(\.call) == [4])
    queue.finished(4)
    // One that cannot run with others runs as soon as it can.
    _ = queue.add(6, Self.request(), number: 6, now: Self.time(5))
    #expect(queue.next(now: Self.time(5))?.entries.map(\.call) == [6])
    #expect(queue.waitingCount == 2)
  }

  @Test func nobodyMissesItsDeadlineForCompany() {
    var queue = Queue(bounds: .init(largestBatch: 4, longestDelay: .milliseconds(50)))
    _ = queue.add(1, Self.request(deadline: 20, kind: [8]), number: 1, now: Self.time(0))
    #expect(queue.askAgain == Self.time(10))
    #expect(queue.next(now: Self.time(10))?.entries.map(\.call) == [1])
  }

  /// Random calls, bounds and moments; every call must come to one end, in order and within the bounds.
  @Test func keepsItsPromises() {
    var random = SeededRandom()
    for _ in 0..<200 { Self.trial(&random) }
  }

  private static func trial(_ random: inout SeededRandom) {
    let bounds = Queue.Bounds(
      maximumQueued: .random(in: 0...12, using: &random),
      maximumWait: .milliseconds(.random(in: 1...60, using: &random)),
      largestBatch: Bool.random(using: &random) ? 1 : .random(in: 2...8, using: &random),
      longestDelay: .milliseconds(.random(in: 0...10, using: &random)),
      parallelism: .random(in: 1...3, using: &random)
    )
    var queue = Queue(bounds: bounds)
    var now = 0.0
    var waiting: [UInt64: Queue.Request] = [:]
    var joined: [UInt64: Double] = [:]
    var limits: [UInt64: NIODeadline] = [:]
    var running: Set<UInt64> = []
    var lastRun: [[Int]: UInt64] = [:]
    for number in 1...200 as ClosedRange<UInt64> {
      now += Double.random(in: 0...4, using: &random)
      let places = bounds.maximumQueued + 1
      switch Int.random(in: 0..<10, using: &random) {
      case 0..<6:
        let request = request(
          deadline: Bool.random(using: &random) ? nil : now + .random(in: 0...80, using: &random),
          rows: .random(in: 1...5, using: &random),
          kind: Int.random(in: 0..<4, using: &random) == 0 ? nil : [.random(in: 0...1, using: &random)],
          expected: Bool.random(using: &random) ? nil : .random(in: 0...20, using: &random)
        )
        if queue.add(Int(number), request, number: number, now: time(now)) == .waiting(number) {
          waiting[number] = request
          joined[number] = now
          limits[number] = min(time(now) + bounds.maximumWait, request.deadline ?? .distantFuture)
        }
      case 6:
        guard let number = waiting.keys.randomElement(using: &random) else { break }
        #expect(queue.remove(number) == Int(number), "seed \(random.seed)")
        waiting[number] = nil
      case 7, 8:
        guard let run = running.randomElement(using: &random) else { break }
        queue.finished(run)
        running.remove(run)
      default:
        guard let next = queue.askAgain else { break }
        #expect(waiting.isEmpty == false, "seed \(random.seed)")
        now = max(now, Double(next.uptimeNanoseconds) / 1e6 - 1000)
      }
      for (call, _) in queue.expire(now: time(now)) {
        let request = waiting.removeValue(forKey: UInt64(call))
        #expect(request != nil && limits[UInt64(call)] ?? .distantFuture <= time(now), "seed \(random.seed)")
      }
      for number in waiting.keys { #expect(limits[number] ?? time(0) > time(now), "seed \(random.seed)") }
      while let run = queue.next(now: time(now)) {
        #expect(running.insert(run.number).inserted, "seed \(random.seed)")
        let requests = run.entries.compactMap { waiting.removeValue(forKey: UInt64($0.call)) }
        #expect(requests.count == run.entries.count, "each runs once, seed \(random.seed)")
        guard requests.count > 1 else { continue }
        #expect(requests.reduce(0) { $0 + $1.rows } <= bounds.largestBatch, "seed \(random.seed)")
        #expect(Set(requests.map(\.kind)).count == 1, "seed \(random.seed)")
        if let kind = requests[0].kind {
          #expect(run.number > lastRun[kind] ?? 0, "in their order, seed \(random.seed)")
          lastRun[kind] = run.entries.last?.number
        }
      }
      #expect(queue.waitingCount == waiting.count && waiting.count <= places, "seed \(random.seed)")
      #expect(running.count <= bounds.parallelism, "seed \(random.seed)")
      if running.count < bounds.parallelism {
        for (number, request) in waiting {
          let isAlone = request.kind == nil || request.rows >= bounds.largestBatch
          let ready = time((joined[number] ?? 0)) + bounds.longestDelay
          #expect(!isAlone && ready > time(now), "nobody waits for nothing, seed \(random.seed)")
        }
      }
      if let next = queue.askAgain, let first = waiting.keys.compactMap({ limits[$0] }).min() {
        #expect(next <= first, "seed \(random.seed)")
      }
    }
  }

  /// Ten times what can be computed: what is accepted waits no longer than it may, the device is never idle, and nearly all that is
  /// refused is refused at once.
  @Test(arguments: [1, 3])
  func livesThroughOverload(parallelism: Int) {
    var random = SeededRandom()
    var queue = Queue(
      bounds: .init(maximumQueued: 1000, maximumWait: .milliseconds(100), parallelism: parallelism)
    )
    var ends: [(run: UInt64, at: Double)] = []
    var (late, refused, waits, idle) = (0, 0, [Double](), 0.0)
    var now = 0.0
    for number in 1...20_000 as ClosedRange<UInt64> {
      let arrival = now + Double.random(in: 0...2, using: &random) * 0.7 / Double(parallelism)
      func advance(to time: Double) {
        now = time
        late += queue.expire(now: Self.time(now)).count
        while let run = queue.next(now: Self.time(now)) {
          // The pace is known only roughly, and things are slower than they were.
          ends.append((run.number, now + Double.random(in: 7...11, using: &random)))
          waits += run.entries.map { (Double((Self.time(now) - $0.joined).nanoseconds) / 1e6) }
        }
        if number > 100, ends.count < parallelism { idle += 1 }
      }
      while let end = ends.min(by: { $0.at < $1.at }), end.at <= arrival {
        ends.removeAll { $0.run == end.run }
        queue.finished(end.run)
        advance(to: end.at)
      }
      now = arrival
      if case .refused = queue.add(0, Self.request(expected: 7), number: number, now: Self.time(now)) {
        refused += 1
      }
      advance(to: arrival)
    }
    #expect(waits.max() ?? 0 <= 100.1, "seed \(random.seed)")
    #expect(idle == 0, "seed \(random.seed)")
    #expect(refused > 15_000, "seed \(random.seed)")
    #expect(late * 20 < refused, "\(late) late, \(refused) refused at once, seed \(random.seed)")
  }
}
