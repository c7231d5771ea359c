import FleetCore
import Synchronization

/// What the boxes of one simulated store share: clients that go from one to the other, and the line to the world.
final class SimulatedStore: Sendable {
  private let boxes: Mutex<StoreSimulation>
  private let line: Mutex<LineBudget?>

  init(_ simulation: StoreSimulation, lineBytesPerSecond: Double?) {
    boxes = Mutex(simulation)
    line = Mutex(lineBytesPerSecond.map { LineBudget(bytesPerSecond: $0) })
  }

  func tick(_ frame: inout Frame) {
    boxes.withLock { $0.tick(&frame) }
  }

  func hasServingSibling(_ name: NodeName) -> Bool {
    boxes.withLock { $0.hasServingSibling(name) }
  }

  /// Takes as long as the line needs for so many bytes, behind those of the other boxes.
  func carry(_ bytes: Int) async throws {
    let now = SimulationClock.seconds
    let wait = line.withLock { $0?.send(bytes, at: now) } ?? 0
    if wait > 0 { try await Task.sleep(for: .seconds(wait)) }
  }
}

/// Seconds since this process first asked, on a clock that never jumps.
enum SimulationClock {
  private static let start = ContinuousClock.now

  static var seconds: Double { start.duration(to: .now).seconds }
}
