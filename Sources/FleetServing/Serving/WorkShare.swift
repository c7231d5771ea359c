import NIOCore

/// Shares a few workers among the queues of many models: the one that has had least of the workers' time goes first, and none gets
/// the last free worker as long as it has another. Chores, which are nobody's calls, go when no call can, and never take the last. Like `RequestQueue`, it only tells what to do.
struct WorkShare<Call> {
  typealias Queue = RequestQueue<Call>

  /// One queue; it exists as long as something waits or runs in it.
  struct Lane: Hashable {
    enum Kind {
      case computing
      /// Requests that are read by a worker, because they are long, queue up apart from those that are ready to compute.
      case reading
      case chores
    }

    /// The version that is asked.
    var target: ObjectIdentifier
    var kind = Kind.computing
  }

  struct Job {
    let lane: Lane
    let run: Queue.Run
    let start: NIODeadline
  }

  private struct Place {
    var queue: Queue
    /// The workers' time it has had, in nanoseconds, counted from what the others had when it came.
    var used: Int64
  }

  let workers: Int
  private(set) var waitingCount = 0
  private var busy = 0
  private var places: [Lane: Place] = [:]
  private var lastNumber: UInt64 = 0

  init(workers: Int) {
    self.workers = max(1, workers)
  }

  /// Whether a call that came to `lane` now would find nobody before it.
  func isFree(_ lane: Lane) -> Bool { places[lane]?.queue.isFree ?? true }

  /// Whether nothing waits or runs at all.
  var isIdle: Bool { places.isEmpty }

  mutating func add(
    _ call: Call,
    _ request: Queue.Request,
    to lane: Lane,
    bounds: Queue.Bounds,
    now: NIODeadline
  ) -> Queue.Admission {
    lastNumber += 1
    var place = places[lane] ?? Place(queue: Queue(bounds: bounds), used: places.values.map(\.used).min() ?? 0)
    place.queue.bounds = bounds
    let admission = place.queue.add(call, request, number: lastNumber, now: now)
    guard case .waiting = admission else { return admission }
    places[lane] = place
    waitingCount += 1
    return admission
  }

  mutating func remove(_ number: UInt64, from lane: Lane) -> Call? {
    guard let call = places[lane]?.queue.remove(number) else { return nil }
    waitingCount -= 1
    tidy(lane)
    return call
  }

  mutating func expire(now: NIODeadline) -> [(call: Call, refusal: Queue.Refusal)] {
    var refused: [(call: Call, refusal: Queue.Refusal)] = []
    for lane in places.keys {
      let late = places[lane]?.queue.expire(now: now) ?? []
      guard !late.isEmpty else { continue }
      waitingCount -= late.count
      refused += late
      tidy(lane)
    }
    return refused
  }

  mutating func removeAll() -> [Call] {
    var calls: [Call] = []
    for lane in places.keys {
      calls += places[lane]?.queue.removeAll() ?? []
      tidy(lane)
    }
    waitingCount = 0
    return calls
  }

  /// What a worker is to do now, if one is free and something is to be done. Call `expire` before.
  mutating func next(now: NIODeadline) -> Job? {
    guard busy < workers else { return nil }
    let isLast = busy == workers - 1 && workers > 1
    let ready = places.filter { entry in
      !(isLast && entry.value.queue.runningCount > 0) && entry.value.queue.hasNext(now: now)
    }
    let calls = ready.filter { $0.key.kind != .chores }
    guard let lane = (calls.isEmpty && !isLast ? ready : calls).min(by: { $0.value.used < $1.value.used })?.key,
      let run = places[lane]?.queue.next(now: now)
    else { return nil }
    busy += 1
    waitingCount -= run.entries.count
    return Job(lane: lane, run: run, start: now)
  }

  mutating func finished(_ job: Job, now: NIODeadline) {
    busy -= 1
    places[job.lane]?.queue.finished(job.run.number)
    places[job.lane]?.used += max(0, (now - job.start).nanoseconds)
    tidy(job.lane)
  }

  var askAgain: NIODeadline? { places.values.compactMap(\.queue.askAgain).min() }

  private mutating func tidy(_ lane: Lane) {
    if places[lane]?.queue.isIdle == true { places[lane] = nil }
  }
}

extension WorkShare.Job: Sendable where Call: Sendable {}
