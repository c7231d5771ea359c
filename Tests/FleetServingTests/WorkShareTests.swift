import NIOCore
import Testing

import struct FleetTestSupport.SeededRandom

@testable import FleetServing

@Suite struct WorkShareTests {
  private final class Target {}

  private static func time(_ milliseconds: Double) -> NIODeadline {
    .uptimeNanoseconds(UInt64(1e9 + (milliseconds * 1e6).rounded()))
  }

  /// A model that is compiled anew while calls wait for it.
  @Test func bringsMoreToAModelThatTakesMore() {
    var share = WorkShare<Int>(workers: 4)
    let target = Target()
    let lane = WorkShare<Int>.Lane(target: ObjectIdentifier(target))
    for call in 0..<4 { _ = share.add(call, .init(), to: lane, bounds: .init(), now: Self.time(0)) }
    #expect(share.next(now: Self.time(0)) != nil)
    #expect(share.next(now: Self.time(0)) == nil)
    _ = share.add(4, .init(), to: lane, bounds: .init(parallelism: 3), now: Self.time(1))
    #expect(share.next(now: Self.time(1)) != nil)
    #expect(share.next(now: Self.time(1)) != nil)
    #expect(share.next(now: Self.time(1)) == nil)
    withExtendedLifetime(target) {}
  }

  /// Several models that always have something waiting, with calls of very different length: each gets its share of the time.
  @Test func nobodyStarves() {
    var random = SeededRandom()
    for _ in 0..<20 {
      let workers = Int.random(in: 1...4, using: &random)
      var share = WorkShare<Int>(workers: workers)
      let targets = (0..<Int.random(in: (workers + 1)...(workers + 3), using: &random)).map { _ in Target() }
      let lanes = targets.map { WorkShare<Int>.Lane(target: ObjectIdentifier($0)) }
      let lengths = targets.map { _ in Double.random(in: 1...50, using: &random) }
      var used = targets.map { _ in 0.0 }
      var jobs: [(job: WorkShare<Int>.Job, lane: Int, end: Double)] = []
      var now = 0.0
      let bounds = RequestQueue<Int>.Bounds(maximumWait: .hours(1), parallelism: Int.random(in: 1...3, using: &random))
      while now < 10_000 {
        for (index, lane) in lanes.enumerated() where share.isFree(lane) || share.waitingCount < lanes.count {
          _ = share.add(index, .init(), to: lane, bounds: bounds, now: Self.time(now))
        }
        while let job = share.next(now: Self.time(now)) {
          let lane = job.run.entries[0].call
          jobs.append((job, lane, now + lengths[lane]))
          _ = share.add(lane, .init(), to: lanes[lane], bounds: bounds, now: Self.time(now))
        }
        #expect(jobs.count == workers || workers > 1 && jobs.count == workers - 1, "seed \(random.seed)")
        guard let first = jobs.indices.min(by: { jobs[$0].end < jobs[$1].end }) else { break }
        let done = jobs.remove(at: first)
        now = done.end
        used[done.lane] += lengths[done.lane]
        share.finished(done.job, now: Self.time(now))
      }
      let fair = used.reduce(0, +) / Double(used.count)
      for (index, time) in used.enumerated() {
        #expect(time > fair * 0.8, "\(index) of \(used), calls of \(lengths) on \(workers), seed \(random.seed)")
      }
      withExtendedLifetime(targets) {}
    }
  }

  @Test func oneModelLeavesTheLastWorkerToOthers() throws {
    var share = WorkShare<Int>(workers: 2)
    let targets = [Target(), Target()]
    let lanes = targets.map { WorkShare<Int>.Lane(target: ObjectIdentifier($0)) }
    let bounds = RequestQueue<Int>.Bounds(parallelism: 4)
    for call in 0..<3 {
      _ = share.add(call, .init(), to: lanes[0], bounds: bounds, now: Self.time(0))
    }
    let next = share.next(now: Self.time(0))
    let first = try #require(next)
    #expect(share.next(now: Self.time(0)) == nil)
    _ = share.add(9, .init(), to: lanes[1], bounds: bounds, now: Self.time(0))
    #expect(share.next(now: Self.time(0))?.run.entries.map(\.call) == [9])
    share.finished(first, now: Self.time(1))
    #expect(share.next(now: Self.time(1))?.run.entries.map(\.call) == [1])
    #expect(share.removeAll() == [2])
    #expect(share.waitingCount == 0)
    withExtendedLifetime(targets) {}
  }

  @Test func choresGoWhenNoCallCanAndNeverTakeTheLastWorker() throws {
    var share = WorkShare<Int>(workers: 2)
    let target = Target()
    let calls = WorkShare<Int>.Lane(target: ObjectIdentifier(target))
    let chores = WorkShare<Int>.Lane(target: ObjectIdentifier(target), kind: .chores)
    let bounds = RequestQueue<Int>.Bounds(maximumWait: .seconds(60), parallelism: 1)
    _ = share.add(1, .init(), to: chores, bounds: bounds, now: Self.time(0))
    _ = share.add(2, .init(), to: calls, bounds: bounds, now: Self.time(0))
    let begun = share.next(now: Self.time(0))
    let first = try #require(begun)
    #expect(first.run.entries.map(\.call) == [2], "the call goes first, though it came later")
    #expect(share.next(now: Self.time(0)) == nil, "the last worker is not for chores")
    share.finished(first, now: Self.time(1))
    let chore = share.next(now: Self.time(1))
    #expect(chore?.run.entries.map(\.call) == [1])
    #expect(share.isFree(calls), "and nobody waits behind one")
    withExtendedLifetime(target) {}
  }
}
