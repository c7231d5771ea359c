import FleetCore
import Foundation
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

  /// Asks the other boxes whether this one may be drained.
  func leave(_ name: NodeName, _ order: DrainOrder) throws(CommandError) {
    let intent = Claim.Intent(orderedBy: order.orderedBy, isForced: order.isForced)
    let now = Date().timeIntervalSince1970
    let result = boxes.withLock { boxes -> Result<Void, CommandError> in
      do throws(CommandError) {
        return .success(try boxes.leave(name, intent, at: now))
      } catch {
        return .failure(error)
      }
    }
    try result.get()
  }

  func comeBack(_ name: NodeName) { boxes.withLock { $0.comeBack(name) } }

  /// Throws `.refused` when the box is not about to drain itself.
  func hold(_ name: NodeName, because reason: String) throws(CommandError) {
    let result: Result<Void, CommandError> = boxes.withLock { boxes in
      do throws(CommandError) {
        return .success(try boxes.hold(name, because: reason))
      } catch {
        return .failure(error)
      }
    }
    try result.get()
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
