import FoundationEssentials
import Synchronization

@testable import FleetAgent

/// A disk whose power fails before a given step. What was written and not forced to the disk before is then lost by half; with `losesNames`
/// renames are undone as well that were not forced to it.
final class PowerCut: Sendable {
  struct Cut: Error {}

  private struct Rename {
    var path: String
    var target: String
    /// What was there before; nil for a folder or nothing.
    var replaced: Data?
  }

  private struct State {
    var left: Int
    var isCut = false
    var unsynced: Set<String> = []
    var renames: [Rename] = []
  }

  private let losesNames: Bool
  private let state: Mutex<State>

  init(after steps: Int, losesNames: Bool = false) {
    self.losesNames = losesNames
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
        case .sync(let path):
          state.unsynced.remove(path)
          state.renames.removeAll { Self.folder(of: $0.target) == path }
        case .remove(let path): state.unsynced.remove(path)
        case .rename(let path, let target):
          if state.unsynced.contains(path) { state.unsynced.insert(target) }
          let replaced = FileManager.default.contents(atPath: target)
          state.renames.append(Rename(path: path, target: target, replaced: replaced))
        case .makeFolder: break
        }
      }
    }
    return disk
  }

  func loseWhatWasNotSynced() throws {
    let (unsynced, renames) = state.withLock { ($0.unsynced, $0.renames) }
    for rename in renames.reversed() where losesNames {
      guard FileManager.default.fileExists(atPath: rename.target) else { continue }
      try? FileManager.default.removeItem(atPath: rename.path)
      try FileManager.default.moveItem(atPath: rename.target, toPath: rename.path)
      if let replaced = rename.replaced { try replaced.write(to: URL(filePath: rename.target)) }
    }
    for path in unsynced {
      guard let data = FileManager.default.contents(atPath: path) else { continue }
      try data.prefix(data.count / 2).write(to: URL(filePath: path))
    }
  }

  private static func folder(of path: String) -> String {
    path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
  }
}
