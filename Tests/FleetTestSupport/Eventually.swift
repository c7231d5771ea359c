package import Testing

/// What `eventually` throws when its deadline has passed.
package struct NotInTime: Error, CustomStringConvertible {
  package let description: String
}

/// So often a test looks, at the least, before it gives up: where other tests compute, a test's thread may not be there for seconds, and
/// the time is over before anything had a chance.
private let fewestLooks = 100

/// Asks `condition` again and again until it gives a value, at most for `deadline`. Tests wait for what they mean, not for
/// a time that was long enough once.
@discardableResult
package func eventually<Value>(
  _ what: String,
  within deadline: Duration = .seconds(10),
  sourceLocation: SourceLocation = #_sourceLocation,
  _ condition: () async throws -> Value?
) async throws -> Value {
  let end = ContinuousClock.now + deadline
  var looks = 0
  while true {
    if let value = try await condition() { return value }
    looks += 1
    guard ContinuousClock.now < end || looks < fewestLooks else {
      Issue.record("not within \(deadline): \(what)", sourceLocation: sourceLocation)
      throw NotInTime(description: what)
    }
    try await Task.sleep(for: .milliseconds(10))
  }
}

/// The same for a condition that is true or not.
package func eventually(
  _ what: String,
  within deadline: Duration = .seconds(10),
  sourceLocation: SourceLocation = #_sourceLocation,
  holds condition: () async throws -> Bool
) async throws {
  try await eventually(what, within: deadline, sourceLocation: sourceLocation) {
    try await condition() ? () : nil
  }
}

/// Runs `body` and throws when it takes longer than `deadline`: for what must not hang.
package func within<Value: Sendable>(
  _ deadline: Duration,
  _ what: String,
  _ body: @escaping @Sendable () async throws -> Value
) async throws -> Value {
  try await withThrowingTaskGroup(of: Value.self) { group in
    group.addTask { try await body() }
    group.addTask {
      for _ in 0..<fewestLooks { try await Task.sleep(for: deadline / fewestLooks) }
      throw NotInTime(description: "\(what) took longer than \(deadline)")
    }
    defer { group.cancelAll() }
    guard let value = try await group.next() else { throw NotInTime(description: what) }
    return value
  }
}
