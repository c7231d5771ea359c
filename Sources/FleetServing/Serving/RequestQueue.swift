import NIOCore

/// The calls that wait for one model, and what runs of it: tells whom to refuse, what to run next, and when to be asked again.
///
/// Knows no clock and does nothing itself: the caller says what time it is and does as told. Times must not go backwards.
struct RequestQueue<Call> {
  struct Bounds: Equatable {
    /// Calls that may wait.
    var maximumQueued = 64
    /// The longest that a call may wait.
    var maximumWait = TimeAmount.milliseconds(500)
    /// Rows that may run together; 1 for every call on its own.
    var largestBatch = 1
    /// How long a call waits for others to run with.
    var longestDelay = TimeAmount.zero
    /// Runs at a time.
    var parallelism = 1
  }

  /// What is told of a call that comes.
  struct Request {
    /// The caller gives up then.
    var deadline: NIODeadline?
    var rows = 1
    /// Calls of equal kind can run together; nil for one that cannot run with others.
    var kind: [Int]?
    /// How long it will likely run; nil when unknown.
    var expected: TimeAmount?
  }

  enum Refusal: Equatable {
    /// So many wait already.
    case full(Int)
    /// It would have to wait about as long as told, longer than it may.
    case wouldWait(TimeAmount)
    /// It has waited as long as it may.
    case waited(TimeAmount)
    /// The caller's deadline is over, or will be before its turn.
    case deadline
  }

  enum Admission: Equatable {
    case waiting(UInt64)
    case refused(Refusal)
  }

  struct Entry {
    let number: UInt64
    let call: Call
    let rows: Int
    /// From when it waited here.
    let joined: NIODeadline
    fileprivate let kind: [Int]?
    /// It must begin by then.
    fileprivate let limit: NIODeadline
    fileprivate let isCallersLimit: Bool
    fileprivate let expected: Int64
    /// What it was predicted to wait, before the correction.
    fileprivate let predicted: Int64
  }

  struct Run {
    let number: UInt64
    let entries: [Entry]
  }

  /// How far behind the first a call is looked for that may run before it or with it: keeps every step short.
  private static var reach: Int { 256 }
  /// Predictions below are no measure of anything.
  private static var leastPrediction: Int64 { 100_000 }
  private static var corrections: ClosedRange<Double> { (1.0 / 64)...4 }

  /// May change at any time, also below what waits and runs.
  var bounds: Bounds
  private var waiting = CircularBuffer<Entry>()
  private var running: [(number: UInt64, start: NIODeadline, expected: Int64)] = []
  /// What `waiting` is expected to take, in nanoseconds.
  private var work: Int64 = 0
  /// None of `waiting` has an earlier limit.
  private var earliestLimit = NIODeadline.distantFuture
  /// Actual waits by predicted ones, smoothed: batches make them shorter, other models at work make them longer.
  private var correction = 1.0

  init(bounds: Bounds) {
    self.bounds = bounds
  }

  var waitingCount: Int { waiting.count }
  var runningCount: Int { running.count }
  var isIdle: Bool { waiting.isEmpty && running.isEmpty }
  /// A call that came now would run at once.
  var isFree: Bool { waiting.isEmpty && running.count < bounds.parallelism }

  // MARK: Coming and leaving

  /// `number` must be greater than any told before.
  mutating func add(_ call: Call, _ request: Request, number: UInt64, now: NIODeadline) -> Admission {
    let ownLimit = now + bounds.maximumWait
    let isCallersLimit = request.deadline.map { $0 < ownLimit } ?? false
    let limit = isCallersLimit ? request.deadline ?? ownLimit : ownLimit
    guard limit > now || !isCallersLimit else { return .refused(.deadline) }
    guard isFree || waiting.count < bounds.maximumQueued else { return .refused(.full(waiting.count)) }
    let predicted = workAhead(now: now)
    let wait = corrected(predicted)
    // As long as few wait, the prediction may be wrong without harm: those few keep the device busy whatever comes of it.
    let isTrusted = waiting.count >= bounds.parallelism
    // Under overload all that is let in comes close to the limit: without a margin half of it would wait in vain.
    guard !isTrusted || wait + .nanoseconds(wait.nanoseconds / 4) <= limit - now else {
      return .refused(isCallersLimit ? .deadline : .wouldWait(wait))
    }
    let entry = Entry(
      number: number,
      call: call,
      rows: request.rows,
      joined: now,
      kind: request.rows < bounds.largestBatch ? request.kind : nil,
      limit: limit,
      isCallersLimit: isCallersLimit,
      expected: max(0, min(request.expected?.nanoseconds ?? 0, 1 << 50)),
      predicted: predicted
    )
    waiting.append(entry)
    work += entry.expected
    earliestLimit = min(earliestLimit, limit)
    return .waiting(number)
  }

  /// Takes back a call that waits; nil when it does not.
  mutating func remove(_ number: UInt64) -> Call? {
    var low = 0
    var high = waiting.count
    while low < high {
      let middle = (low + high) / 2
      if self[middle].number < number { low = middle + 1 } else { high = middle }
    }
    guard low < waiting.count, self[low].number == number else { return nil }
    return take(low).call
  }

  /// Removes the calls that have waited as long as they may.
  mutating func expire(now: NIODeadline) -> [(call: Call, refusal: Refusal)] {
    guard earliestLimit <= now else { return [] }
    var refused: [(call: Call, refusal: Refusal)] = []
    var kept = CircularBuffer<Entry>(initialCapacity: waiting.count)
    earliestLimit = .distantFuture
    for entry in waiting {
      guard entry.limit <= now else {
        kept.append(entry)
        earliestLimit = min(earliestLimit, entry.limit)
        continue
      }
      work -= entry.expected
      learn(from: entry, now: now)
      refused.append((entry.call, entry.isCallersLimit ? .deadline : .waited(now - entry.joined)))
    }
    waiting = kept
    return refused
  }

  /// Removes all that wait.
  mutating func removeAll() -> [Call] {
    defer {
      waiting.removeAll()
      work = 0
      earliestLimit = .distantFuture
    }
    return waiting.map(\.call)
  }

  // MARK: Running

  /// What is to run now, if anything; it counts as running until `finished`. Call `expire` before.
  mutating func next(now: NIODeadline) -> Run? {
    guard running.count < bounds.parallelism, let batch = firstReady(now: now) else { return nil }
    // From the back: what is taken moves only what is behind it.
    var entries = batch.reversed().map { take($0) }
    entries.reverse()
    guard let first = entries.first else { return nil }
    learn(from: first, now: now)
    running.append((first.number, now, entries.reduce(0) { $0 + $1.expected }))
    return Run(number: first.number, entries: entries)
  }

  /// Whether `next` would answer a run.
  func hasNext(now: NIODeadline) -> Bool {
    running.count < bounds.parallelism && firstReady(now: now) != nil
  }

  mutating func finished(_ run: UInt64) {
    running.removeAll { $0.number == run }
  }

  /// When `expire` or `next` may have something new to tell if nothing else happens before; nil for never.
  var askAgain: NIODeadline? {
    guard !waiting.isEmpty else { return nil }
    let isDelaying = bounds.longestDelay > .zero && running.count < bounds.parallelism
    guard isDelaying else { return earliestLimit }
    return waiting.prefix(Self.reach).reduce(earliestLimit) { min($0, readyTime($1)) }
  }

  // MARK: Batches

  /// Places of the first batch that is ready, in their order.
  private func firstReady(now: NIODeadline) -> [Int]? {
    var seen: Set<[Int]> = []
    for index in 0..<min(waiting.count, Self.reach) {
      let entry = self[index]
      guard let kind = entry.kind else { return [index] }
      guard seen.insert(kind).inserted else { continue }
      let found = batch(from: index, kind: kind)
      if found.isFull || readyTime(entry) <= now { return found.indices }
    }
    return nil
  }

  private func batch(
    from first: Int,
    kind: [Int]
  ) -> (indices: [Int], isFull: Bool) {
    var indices: [Int] = []
    var rows = 0
    for index in first..<min(waiting.count, first + Self.reach) where self[index].kind == kind {
      // One that does not fit ends the batch: no later one passes it.
      guard rows + self[index].rows <= bounds.largestBatch else { return (indices, true) }
      rows += self[index].rows
      indices.append(index)
      if rows == bounds.largestBatch { return (indices, true) }
    }
    return (indices, false)
  }

  /// Nobody is kept waiting for company until it is too late for itself.
  private func readyTime(_ entry: Entry) -> NIODeadline {
    guard entry.kind != nil else { return entry.joined }
    let half = TimeAmount.nanoseconds((entry.limit - entry.joined).nanoseconds / 2)
    return entry.joined + min(bounds.longestDelay, half)
  }

  private subscript(_ place: Int) -> Entry { waiting[waiting.index(waiting.startIndex, offsetBy: place)] }

  private mutating func take(_ place: Int) -> Entry {
    let entry = waiting.remove(at: waiting.index(waiting.startIndex, offsetBy: place))
    work -= entry.expected
    if waiting.isEmpty { earliestLimit = .distantFuture }
    return entry
  }

  // MARK: Prediction

  /// What must be done before a call that comes now, by the clock, in nanoseconds.
  private func workAhead(now: NIODeadline) -> Int64 {
    guard !isFree else { return 0 }
    let rest = running.reduce(Int64(0)) { $0 + max(0, $1.expected - (now - $1.start).nanoseconds) }
    return (work + rest) / Int64(max(1, bounds.parallelism))
  }

  private func corrected(_ prediction: Int64) -> TimeAmount {
    .nanoseconds(Int64(Double(prediction) * correction))
  }

  /// Without any wait it goes back to 1 by and by, so that one bad moment cannot shut the door for good.
  private mutating func learn(from entry: Entry, now: NIODeadline) {
    var ratio = 1.0
    if entry.predicted >= Self.leastPrediction {
      ratio = Double((now - entry.joined).nanoseconds) / Double(entry.predicted)
      ratio = min(max(ratio, Self.corrections.lowerBound), Self.corrections.upperBound)
    }
    // One call too many in the queue costs its client the whole wait, one too few costs next to nothing.
    correction += (ratio - correction) / (ratio > correction ? 4 : 16)
  }
}

extension RequestQueue.Entry: Sendable where Call: Sendable {}
extension RequestQueue.Run: Sendable where Call: Sendable {}
