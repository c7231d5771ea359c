import NIOPosix
import Synchronization

/// The threads that compute. The one that worked last works next: its core still holds what it worked with, whereas threads that take
/// turns, as those of a pool do, cost a model of 10 ms half a millisecond.
final class WorkerThreads: Sendable {
  private let threads: [NIOThreadPool]
  /// Those without work, the one that worked last at the end.
  private let free: Mutex<[Int]>

  init(count: Int) {
    threads = (0..<max(1, count)).map { _ in NIOThreadPool(numberOfThreads: 1) }
    free = Mutex(Array(threads.indices.reversed()))
    for thread in threads { thread.start() }
  }

  /// Runs `work` on a thread, whose number it gets and says in `rest` when it has no more to do. Whoever has more work than threads
  /// waits behind the first.
  func submit(_ work: @escaping @Sendable (_ worker: Int, NIOThreadPool.WorkItemState) -> Void) {
    let worker = free.withLock { $0.popLast() } ?? 0
    threads[worker].submit { work(worker, $0) }
  }

  func rest(_ worker: Int) {
    free.withLock { free in
      if !free.contains(worker) { free.append(worker) }
    }
  }

  func shutDown() async throws {
    for thread in threads { try await thread.shutdownGracefully() }
  }
}
