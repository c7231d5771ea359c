/// Asks a sibling's engine whether it serves: `GET /v2/health/ready` of the Open Inference Protocol.
///
/// An actor on a thread of its own, one a sibling: looking up a name or waiting for a dead box delays nobody else.
actor SiblingCheck {
  private let address: HostPort
  private let willLookUp: @Sendable (HostPort) -> Void
  private let executor: ThreadExecutor

  init(address: HostPort, willLookUp: @escaping @Sendable (HostPort) -> Void = { _ in }) throws {
    self.address = address
    self.willLookUp = willLookUp
    executor = try ThreadExecutor(name: "sibling-check")
  }

  nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe executor.asUnownedSerialExecutor() }

  /// Whether it said 200 within `deadline`. Anything else, silence too, is no. Looking up a name has no deadline of its own, so the answer may
  /// come later than that.
  nonisolated func isReady(within deadline: Duration) async -> Bool {
    await isReady(by: ContinuousClock.now + deadline)
  }

  private func isReady(by end: ContinuousClock.Instant) -> Bool {
    // Whoever asked while an earlier check waited for a name server is gone.
    guard ContinuousClock.now < end else { return false }
    willLookUp(address)
    guard let connection = try? TimedConnection(to: address, until: end) else { return false }
    let request = "GET /v2/health/ready HTTP/1.1\r\nHost: \(address)\r\nConnection: close\r\n\r\n"
    guard (try? connection.send(request)) != nil else { return false }
    var answer: [UInt8] = []
    while answer.count < 12 {
      guard let bytes = try? connection.read(upTo: 512), !bytes.isEmpty else { return false }
      answer += bytes
    }
    let line = String(decoding: answer.prefix(12), as: UTF8.self)
    return line.hasPrefix("HTTP/1.") && line.hasSuffix(" 200")
  }
}
