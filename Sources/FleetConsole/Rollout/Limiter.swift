internal import FleetCore

/// Lets no more than some operations run at once; the others wait in line.
actor Limiter {
  private var free: Int
  private var waiting: [CheckedContinuation<Void, Never>] = []

  init(_ limit: Int) {
    free = limit
  }

  nonisolated func run<Value: Sendable>(
    _ operation: () async throws(CommandError) -> Value
  ) async throws(CommandError) -> Value {
    await enter()
    do throws(CommandError) {
      let value = try await operation()
      await leave()
      return value
    } catch {
      await leave()
      throw error
    }
  }

  private func enter() async {
    if free > 0 {
      free -= 1
    } else {
      await withCheckedContinuation { waiting.append($0) }
    }
  }

  private func leave() {
    if waiting.isEmpty {
      free += 1
    } else {
      waiting.removeFirst().resume()
    }
  }
}
