import FleetWire

/// Asks a sibling's engine whether it serves: `GET /v2/health/ready` of the Open Inference Protocol.
///
/// An actor on a thread of its own, one a sibling: looking up a name or waiting for a dead box delays nobody else.
actor SiblingCheck {
  struct Answer: Sendable, Equatable {
    /// It said 200. Anything else, silence too, is no.
    var isReady = false
    /// Nil of one that does not say.
    var inFlight: UInt64?
  }

  /// The head of an answer is longer than this in none that means well.
  private static let maximumBytes = 4096

  private let address: HostPort
  private let willLookUp: @Sendable (HostPort) -> Void
  private let executor: ThreadExecutor

  init(address: HostPort, willLookUp: @escaping @Sendable (HostPort) -> Void = { _ in }) throws {
    self.address = address
    self.willLookUp = willLookUp
    executor = try ThreadExecutor(name: "sibling-check")
  }

  nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe executor.asUnownedSerialExecutor() }

  /// What it says within `deadline`. Looking up a name has no deadline of its own, so the answer may come later than that.
  nonisolated func ask(within deadline: Duration) async -> Answer {
    await ask(by: ContinuousClock.now + deadline)
  }

  private func ask(by end: ContinuousClock.Instant) -> Answer {
    // Whoever asked while an earlier check waited for a name server is gone.
    guard ContinuousClock.now < end else { return Answer() }
    willLookUp(address)
    guard let connection = try? TimedConnection(to: address, until: end) else { return Answer() }
    let request = "GET /v2/health/ready HTTP/1.1\r\nHost: \(address)\r\nConnection: close\r\n\r\n"
    guard (try? connection.send(request)) != nil else { return Answer() }
    let endOfHead = Array("\r\n\r\n".utf8)
    var answer: [UInt8] = []
    while answer.firstRange(of: endOfHead) == nil {
      guard answer.count < Self.maximumBytes, let bytes = try? connection.read(upTo: 512), !bytes.isEmpty else {
        return Answer()
      }
      answer += bytes
    }
    return Self.read(String(decoding: answer, as: UTF8.self))
  }

  private static func read(_ head: String) -> Answer {
    let lines = head.split(separator: "\r\n")
    guard let status = lines.first, status.hasPrefix("HTTP/1."), status.dropFirst(8).hasPrefix(" 200") else {
      return Answer()
    }
    let load = lines.dropFirst().lazy.map { $0.split(separator: ":", maxSplits: 1) }
      .first { $0.first?.lowercased() == SiblingLoad.headerName }
    let count = load?.dropFirst().first.flatMap { UInt64($0.drop { $0 == " " }) }
    return Answer(isReady: true, inFlight: count)
  }
}
