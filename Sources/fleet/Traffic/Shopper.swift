import FleetCore
import NIOCore
import NIOPosix

/// One app in a store: sends images to its node, checks the answers, and goes to the sibling when refused.
struct Shopper: Sendable {
  struct Node: Sendable {
    var name: NodeName
    var host: String
    var port: Int
  }

  /// The store's nodes, its own first.
  let nodes: [Node]
  let path: String
  let images: DigitImages
  let ledger: TrafficLedger
  let group: MultiThreadedEventLoopGroup
  /// Mean time between two requests.
  let interval: Duration

  /// A request that has no answer after this is lost.
  private static let patience: Duration = .seconds(10)
  private static let answerTimeout: TimeAmount = .seconds(5)
  /// For how long a node that refused is not asked first.
  private static let avoidance: Duration = .milliseconds(500)

  /// Shops until cancelled; the request under way is finished first.
  func run() async {
    let clock = ContinuousClock()
    var connections = [InferenceConnection?](repeating: nil, count: nodes.count)
    var avoidUntil = [ContinuousClock.Instant](repeating: clock.now, count: nodes.count)
    var next = clock.now
    while !Task.isCancelled {
      let image = Int.random(in: 0..<images.requests.count)
      ledger.record { $0.sent += 1 }
      await ask(image, clock: clock, connections: &connections, avoidUntil: &avoidUntil)
      // Late by more than a few requests, it lets them go: a slow node must not be met by a flood.
      next = max(next.advanced(by: interval * Double.random(in: 0.5...1.5)), clock.now.advanced(by: interval * -4))
      try? await clock.sleep(until: next)
    }
    for connection in connections { connection?.close() }
  }

  private func ask(
    _ image: Int,
    clock: ContinuousClock,
    connections: inout [InferenceConnection?],
    avoidUntil: inout [ContinuousClock.Instant]
  ) async {
    let end = clock.now.advanced(by: Self.patience)
    var attempt = 0
    while clock.now < end {
      let now = clock.now
      let choice = nodes.indices.min { (max(avoidUntil[$0], now), $0) < (max(avoidUntil[$1], now), $1) }
      guard let index = choice else { break }
      do {
        let answer = try await post(image, to: index, connections: &connections)
        let isRight = answer.status == 200 && images.isRight(answer.body, image: image)
        ledger.record {
          $0.answered += 1
          if !isRight { $0.wrong += 1 }
        }
        return
      } catch {
        connections[index]?.close()
        connections[index] = nil
        avoidUntil[index] = clock.now.advanced(by: Self.avoidance)
        let wasCut = if case .refused = error { false } else { true }
        ledger.record {
          $0.failovers += 1
          if wasCut { $0.cut += 1 }
        }
      }
      attempt += 1
      if attempt % nodes.count == 0 {
        let pause = min(10 << min(attempt / nodes.count, 5), 200)
        await Task.detachedSleep(for: .milliseconds(pause / 2 + Int.random(in: 0...pause / 2)))
      }
    }
    ledger.record { $0.lost += 1 }
  }

  private func post(
    _ image: Int,
    to index: Int,
    connections: inout [InferenceConnection?]
  ) async throws(InferenceFailure) -> InferenceAnswer {
    let connection: InferenceConnection
    if let open = connections[index], open.isOpen {
      connection = open
    } else {
      connection = try await InferenceConnection.open(host: nodes[index].host, port: nodes[index].port, on: group)
      connections[index] = connection
    }
    return try await connection.post(path: path, json: images.requests[image], timeout: Self.answerTimeout)
  }
}

extension Task where Success == Never, Failure == Never {
  /// Sleeps even when the task is cancelled: a request that was begun is carried to its end.
  fileprivate static func detachedSleep(for duration: Duration) async {
    await Task<Void, Never>.detached { try? await Task<Never, Never>.sleep(for: duration) }.value
  }
}
