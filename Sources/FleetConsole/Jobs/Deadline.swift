internal import FleetCore

/// Bounds how long one step of a job may take.
enum Deadline {
  /// Runs `operation`, and gives up on it with `.timeout` after `limit`, or with `.conflict` when the job is stopped.
  static func run<Value: Sendable>(
    _ limit: Duration,
    _ what: String,
    _ operation: @escaping @Sendable () async throws(CommandError) -> Value
  ) async throws(CommandError) -> Value {
    let result = await withTaskGroup(of: Result<Value, CommandError>?.self) { group in
      group.addTask {
        do throws(CommandError) {
          return .success(try await operation())
        } catch {
          return .failure(error)
        }
      }
      group.addTask {
        try? await Task.sleep(for: limit)
        return nil
      }
      let first = await group.next() ?? nil
      group.cancelAll()
      return first
    }
    do throws(CommandError) {
      guard let result else {
        throw CommandError(.timeout, "\(what) took longer than \(Quantity.text(limit))")
      }
      return try result.get()
    } catch {
      // Ours and the operation's own timer end early when the task is cancelled, in any order: that is no lack of time.
      guard error.code == .timeout, Task.isCancelled else { throw error }
      throw CommandError(.conflict, "\(what) was stopped")
    }
  }
}

/// Waiting times between attempts: doubling, never over `cap` seconds, and never in step with other consoles.
struct Backoff {
  private let cap: Double
  private var next = 0.25

  init(cap: Double = 5) {
    self.cap = cap
    next = min(next, cap)
  }

  mutating func delay() -> Duration {
    defer { next = min(next * 2, cap) }
    return .seconds(next * Double.random(in: 0.5...1))
  }

  mutating func reset() { next = min(0.25, cap) }
}
