/// Runs an actor on one thread of its own, so that what it does may block: on a slow disk, a sensor, a name server.
final class ThreadExecutor: SerialExecutor {
  private struct Queue {
    var jobs: [UnownedJob] = []
    var isStopped = false
  }

  private let queue = Monitor(Queue())

  /// One that `givesWay` lets others go first, to a processor and to the disk.
  init(name: String, givesWay: Bool = false) throws(SystemError) {
    let queue = queue
    let executor = unsafe UnownedSerialExecutor(ordinary: self)
    // The thread must not keep the executor alive: its end is the executor's deinit.
    try OwnThread.start(name) {
      if givesWay { BackgroundWork.lowerThisThread() }
      while let jobs = queue.wait(for: Self.next), !jobs.isEmpty {
        for job in jobs { unsafe job.runSynchronously(on: executor) }
      }
    }
  }

  deinit {
    queue.change { $0.isStopped = true }
  }

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    queue.change { $0.jobs.append(job) }
  }

  /// What there is to run; empty when it is time to end; nil when there is nothing yet.
  private static func next(_ queue: inout Queue) -> [UnownedJob]? {
    defer { queue.jobs = [] }
    return queue.jobs.isEmpty && !queue.isStopped ? nil : queue.jobs
  }
}
