import FleetCore
import FoundationEssentials

/// Asks one sibling's engine for its load, on a thread of its own: looking up a name or waiting for a dead box delays nobody else.
actor SiblingPoll {
  /// What came, and by how much the sibling's clock is ahead of ours.
  struct Answer: Sendable, Equatable {
    var report: LoadReport
    var clock: ClockDifference
  }

  private let address: HostPort
  private let date: @Sendable () -> Date
  private let executor: ThreadExecutor

  init(address: HostPort, date: @escaping @Sendable () -> Date) throws {
    self.address = address
    self.date = date
    executor = try ThreadExecutor(name: "sibling-poll")
  }

  nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe executor.asUnownedSerialExecutor() }

  /// Nil when it did not answer within `deadline`, or something else: a fleetd of before says nothing of its load.
  nonisolated func ask(within deadline: Duration) async -> Answer? {
    await ask(by: ContinuousClock.now + deadline)
  }

  private func ask(by end: ContinuousClock.Instant) -> Answer? {
    guard ContinuousClock.now < end, let connection = try? TimedConnection(to: address, until: end) else { return nil }
    let sent = date().timeIntervalSince1970
    let request = "GET /v2/\(LoadReport.path) HTTP/1.1\r\nHost: \(address)\r\nConnection: close\r\n\r\n"
    guard (try? connection.send(request)) != nil else { return nil }
    var answer: [UInt8] = []
    var received: Double?
    while answer.count <= LoadReport.maximumBytes {
      guard let bytes = try? connection.read(upTo: 16_384) else { return nil }
      received = received ?? date().timeIntervalSince1970
      if bytes.isEmpty { break }
      answer += bytes
    }
    guard let received, let body = Self.body(of: answer),
      let report = try? JSONDecoder().decode(LoadReport.self, from: Data(body))
    else { return nil }
    let clock = ClockDifference(
      secondsAhead: report.time - (sent + received) / 2,
      uncertainty: max(0, received - sent) / 2
    )
    return Answer(report: report, clock: clock)
  }

  /// Of an answer with status 200; nil of any other.
  static func body(of answer: [UInt8]) -> ArraySlice<UInt8>? {
    guard answer.count <= LoadReport.maximumBytes else { return nil }
    let head = String(decoding: answer.prefix(12), as: UTF8.self)
    guard head.hasPrefix("HTTP/1."), head.hasSuffix(" 200") else { return nil }
    let mark = Array("\r\n\r\n".utf8)
    var index = 0
    while index + mark.count <= answer.count {
      if answer[index] == mark[0], answer[index..<(index + mark.count)].elementsEqual(mark) {
        return answer[(index + mark.count)...]
      }
      index += 1
    }
    return nil
  }
}
