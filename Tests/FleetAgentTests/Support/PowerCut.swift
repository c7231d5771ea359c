import FoundationEssentials
import Synchronization

@testable import FleetAgent

/// A disk whose power fails before a given step. What was written and not forced to the disk before is then lost by half.
final class PowerCut: Sendable {
  struct Cut: Error {}

  private struct State {
    var left: Int
    var isCut = false
    var unsynced: Set<String> = []
  }

  private let state: Mutex<State>

  init(after steps: Int) {
    state = Mutex(State(left: steps))
  }

  var isCut: Bool { state.withLock { $0.isCut } }

  var disk: Disk {
    var disk = Disk()
    disk.willDo = { [self] step in
      try state.withLock { state in
        guard state.left > 0 else {
          state.isCut = true
          throw Cut()
        }
        state.left -= 1
        switch step {
        case .append(let path): state.unsynced.insert(path)
        case .sync(let path), .remove(let path): state.unsynced.remove(path)
        case .rename(let path, let target):
          if state.unsynced.remove(path) != nil { state.unsynced.insert(target) }
        case .makeFolder: break
        }
      }
    }
    return disk
  }

  func loseWhatWasNotSynced() throws {
    for path in state.withLock({ $0.unsynced }) {
      guard let data = FileManager.default.contents(atPath: path) else { continue }
      try data.prefix(data.count / 2).write(to: URL(filePath: path))
    }
  }
}
