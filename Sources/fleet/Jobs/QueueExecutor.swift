import Dispatch
import FleetCore

/// Runs tasks on a queue of its own: what blocks there holds up nobody else.
final class QueueExecutor: TaskExecutor {
  private let queue: DispatchQueue

  init(_ label: String) {
    queue = DispatchQueue(label: label)
  }

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    queue.async { unsafe job.runSynchronously(on: self.asUnownedTaskExecutor()) }
  }

  /// Runs `body` on the queue and gives up waiting for it after `limit`; it goes on there.
  func bounded<Value: Sendable>(
    _ limit: Duration,
    _ what: String,
    _ body: @escaping @Sendable () async throws -> Value
  ) async throws(CommandError) -> Value {
    let (results, result) = AsyncStream.makeStream(
      of: Result<Value, CommandError>.self,
      bufferingPolicy: .bufferingOldest(1)
    )
    Task(executorPreference: self) {
      do {
        result.yield(.success(try await body()))
      } catch let error as CommandError {
        result.yield(.failure(error))
      } catch {
        result.yield(.failure(CommandError(.failed, "\(error)")))
      }
      result.finish()
    }
    let timer = Task {
      do { try await Task.sleep(for: limit) } catch { return }
      result.yield(.failure(CommandError(.timeout, "\(what) took longer than \(Quantity.text(limit))")))
      result.finish()
    }
    defer { timer.cancel() }
    for await result in results { return try result.get() }
    throw CommandError(.conflict, "\(what) was stopped")
  }
}
