import NIOCore
import NIOPosix
import Synchronization

/// Brings calls that would hold up an event loop to a few threads, in the order and within the bounds that `WorkShare` tells.
package final class Scheduler: Sendable {
  private struct State {
    var share: WorkShare<WaitingCall>
    /// The next time that somebody looks for calls that are late.
    var alarm: NIODeadline?
    var isOver = false
  }

  /// Where a call waits, to take it back.
  struct Place: Sendable {
    fileprivate let number: UInt64
    fileprivate let lane: WorkShare<WaitingCall>.Lane
  }

  private let state: Mutex<State>
  private let threads: WorkerThreads
  private let compute: @Sendable ([WaitingCall], _ waited: [TimeAmount]) -> Void

  /// `compute` answers calls of one version together, on a worker's thread.
  init(workers: Int, compute: @escaping @Sendable ([WaitingCall], _ waited: [TimeAmount]) -> Void) {
    state = Mutex(State(share: WorkShare(workers: workers)))
    threads = WorkerThreads(count: workers)
    self.compute = compute
  }

  /// Whether a call to `target` would neither pass one that waits nor wait for one that computes.
  func isFree(for target: ServedVersion) -> Bool {
    let lane = WorkShare<WaitingCall>.Lane(target: ObjectIdentifier(target))
    return state.withLock { $0.share.isFree(lane) }
  }

  /// Has `call` done by a worker, or refuses it: at once, or when it has waited too long. Nil when it does not wait.
  /// `loop` keeps the time.
  func submit(
    _ call: WaitingCall,
    _ request: RequestQueue<WaitingCall>.Request,
    loop: any EventLoop
  ) -> Place? {
    let now = NIODeadline.now()
    let bounds = call.target.queueBounds
    call.meter.queued()
    let (admission, jobs, late) = state.withLock { state in
      guard !state.isOver else {
        return (RequestQueue<WaitingCall>.Admission?.none, [WorkShare<WaitingCall>.Job](), Late())
      }
      let late = state.share.expire(now: now)
      let admission = state.share.add(call, request, to: call.lane, bounds: bounds, now: now)
      let jobs = Self.takeAll(&state, now)
      setAlarm(&state, loop)
      return (admission, jobs, late)
    }
    refuse(late)
    for job in jobs { start(job, loop) }
    switch admission {
    case .waiting(let number): return Place(number: number, lane: call.lane)
    case .refused(let refusal):
      call.meter.dequeued()
      call.refuse(refusal)
    case nil:
      call.meter.dequeued()
      call.fail(Self.stopping)
    }
    return nil
  }

  /// Nobody awaits the answer any more: a call that still waits is forgotten.
  func cancel(_ place: Place) {
    guard let call = state.withLock({ $0.share.remove(place.number, from: place.lane) }) else { return }
    call.meter.dequeued()
    call.fail(ServingError(.cancelled, "the client has gone"))
  }

  /// Refuses all that wait, lets finish what runs.
  package func shutDown() async throws {
    let calls = state.withLock { state in
      state.isOver = true
      return state.share.removeAll()
    }
    for call in calls {
      call.meter.dequeued()
      call.fail(Self.stopping)
    }
    try await threads.shutDown()
  }

  static let stopping = ServingError(.unavailable, "the engine is stopping")

  private typealias Late = [(call: WaitingCall, refusal: RequestQueue<WaitingCall>.Refusal)]

  private func refuse(_ late: Late) {
    for (call, refusal) in late {
      call.meter.dequeued()
      call.refuse(refusal)
    }
  }

  // MARK: Working

  private static func takeAll(_ state: inout State, _ now: NIODeadline) -> [WorkShare<WaitingCall>.Job] {
    var jobs: [WorkShare<WaitingCall>.Job] = []
    while let job = state.share.next(now: now) { jobs.append(job) }
    return jobs
  }

  private func start(_ job: WorkShare<WaitingCall>.Job, _ loop: any EventLoop) {
    threads.submit { [self] worker, workState in
      guard case .active = workState else {
        for entry in job.run.entries {
          entry.call.meter.dequeued()
          entry.call.fail(Self.stopping)
        }
        return
      }
      var next: WorkShare<WaitingCall>.Job? = job
      while let job = next {
        perform(job)
        next = finish(job, on: worker, loop)
      }
    }
  }

  private func perform(_ job: WorkShare<WaitingCall>.Job) {
    let now = NIODeadline.now()
    for entry in job.run.entries { entry.call.meter.dequeued() }
    switch job.run.entries.first?.call.work {
    case .read(let work), .chore(let work): return work()
    case .compute, nil: break
    }
    compute(job.run.entries.map(\.call), job.run.entries.map { now - $0.joined })
  }

  /// Answers what this thread does next.
  private func finish(
    _ job: WorkShare<WaitingCall>.Job,
    on worker: Int,
    _ loop: any EventLoop
  ) -> WorkShare<WaitingCall>.Job? {
    let now = NIODeadline.now()
    let (jobs, late) = state.withLock { state in
      state.share.finished(job, now: now)
      let late = state.share.expire(now: now)
      let jobs = Self.takeAll(&state, now)
      setAlarm(&state, loop)
      // Before anybody can learn that there is room for one more: that one must find this thread free.
      if jobs.isEmpty { threads.rest(worker) }
      return (jobs, late)
    }
    refuse(late)
    for other in jobs.dropFirst() { start(other, loop) }
    return jobs.first
  }

  // MARK: Time

  /// One alarm is enough: who rings too early sets the next.
  private func setAlarm(_ state: inout State, _ loop: any EventLoop) {
    guard let time = state.share.askAgain, time < state.alarm ?? .distantFuture else { return }
    state.alarm = time
    loop.scheduleTask(deadline: time) { [self] in ring(loop) }
  }

  private func ring(_ loop: any EventLoop) {
    let now = NIODeadline.now()
    let (jobs, late) = state.withLock { state in
      if let alarm = state.alarm, alarm <= now { state.alarm = nil }
      let late = state.share.expire(now: now)
      let jobs = Self.takeAll(&state, now)
      setAlarm(&state, loop)
      return (jobs, late)
    }
    refuse(late)
    for job in jobs { start(job, loop) }
  }
}
