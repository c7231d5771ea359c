import FleetCore
import Foundation
import Synchronization

/// What a node of the fleet says of itself while it is measured: its address, its engine's process, its energy.
struct BenchNode: Sendable {
  let description: NodeDescription
  private let newest: NewestFrame

  private static let interval = Duration.milliseconds(200)
  private static let patience = Duration.seconds(3)

  /// Asks the agent, and follows its frames for as long as `body` runs.
  static func with<Value>(
    _ agent: any NodeAgent,
    _ body: (BenchNode) async throws -> Value
  ) async throws -> Value {
    let newest = NewestFrame()
    let follower = Task {
      // Without frames there is a benchmark all the same, with less to tell.
      do { for try await frame in agent.frames(FrameRequest(interval: interval)) { newest.put(frame) } } catch {}
    }
    defer { follower.cancel() }
    let node = BenchNode(description: try await agent.describe(), newest: newest)
    let clock = ContinuousClock()
    let deadline = clock.now.advanced(by: patience)
    while newest.frame == nil, clock.now < deadline { try await clock.sleep(for: .milliseconds(10)) }
    return try await body(node)
  }

  /// The engine's process, if it is on this machine.
  var pid: Int32? {
    newest.frame?.engine.pid.flatMap { BenchProcess.isEngine($0, of: "\(description.name)") ? $0 : nil }
  }

  var energy: EnergySample? {
    guard let frame = newest.frame else { return nil }
    let joules = frame.accelerators.map(\.joules)
    guard let first = joules.first else { return nil }
    return EnergySample(
      time: frame.time.timeIntervalSinceReferenceDate,
      joules: joules.dropFirst().reduce(first) { $0.combined(with: $1, +) }
    )
  }
}

private final class NewestFrame: Sendable {
  private let newest = Mutex<Frame?>(nil)

  var frame: Frame? { newest.withLock { $0 } }

  func put(_ frame: Frame) {
    newest.withLock { $0 = frame }
  }
}
