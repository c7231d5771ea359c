import NIOCore
import NIOPosix
import Synchronization

/// Threads for calls that would hold up an event loop, with a bound on how many may wait.
package final class WorkerPool: Sendable {
  private let threads: NIOThreadPool
  private let waiting = Atomic(0)
  package let maximumWaiting: Int

  package init(threads count: Int, maximumWaiting: Int) {
    threads = NIOThreadPool(numberOfThreads: count)
    threads.start()
    self.maximumWaiting = maximumWaiting
  }

  var isFull: Bool { waiting.load(ordering: .relaxed) >= maximumWaiting }

  /// Runs `work` on a thread of its own; nil when too many wait already.
  func run<Value: Sendable>(
    on loop: any EventLoop,
    _ work: @escaping @Sendable () -> Value
  ) -> EventLoopFuture<Value>? {
    guard waiting.add(1, ordering: .relaxed).newValue <= maximumWaiting else {
      waiting.subtract(1, ordering: .relaxed)
      return nil
    }
    return threads.runIfActive(eventLoop: loop) { [self] in
      waiting.subtract(1, ordering: .relaxed)
      return work()
    }
  }

  package func shutDown() async throws {
    try await threads.shutdownGracefully()
  }
}
