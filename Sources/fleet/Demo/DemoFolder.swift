import FleetCore
import Foundation

/// The demo's state folder and what lies where in it.
///
///     .fleet-demo         says that the folder is a demo's, so that it may be emptied
///     fleet.yaml          the fleet with the addresses in use
///     certificates/       authority, operator and nodes
///     jobs/               what was ordered of this fleet
///     nodes/STORE-NODE/   each agent's configuration, state and log
struct DemoFolder: Sendable {
  let url: URL
  static let marker = ".fleet-demo"

  var fleetFile: URL { url.appending(path: "fleet.yaml") }
  var certificates: URL { url.appending(path: "certificates") }

  func node(_ name: NodeName) -> URL { url.appending(path: "nodes/\(name.store)-\(name.node)") }

  /// Makes the folder, emptied of an earlier demo's state; refuses a folder that holds anything else.
  static func prepare(path: String) throws -> DemoFolder {
    let url = URL(filePath: path, directoryHint: .isDirectory).absoluteURL
    let marker = url.appending(path: Self.marker)
    let manager = FileManager.default
    let contents = (try? manager.contentsOfDirectory(atPath: url.path(percentEncoded: false))) ?? []
    guard contents.isEmpty || manager.fileExists(atPath: marker.path(percentEncoded: false)) else {
      throw DemoError("'\(path)' is not empty and not a demo's folder; give another one with --state")
    }
    try manager.createDirectory(at: url, withIntermediateDirectories: true)
    // The lock is taken before anything is removed: a demo that runs keeps its state.
    let lock = unsafe open(marker.path(percentEncoded: false), O_CREAT | O_RDWR | O_CLOEXEC, 0o644)
    guard lock >= 0 else { throw DemoError("'\(path)' cannot be written to") }
    guard flock(lock, LOCK_EX | LOCK_NB) == 0 else {
      close(lock)
      throw DemoError("another demo is running in '\(path)'; end it, or give another folder with --state")
    }
    for item in contents where item != Self.marker {
      try manager.removeItem(at: url.appending(path: item))
    }
    return DemoFolder(url: url)
  }
}

/// Why the demo cannot run, for a person.
struct DemoError: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) {
    self.description = description
  }
}
