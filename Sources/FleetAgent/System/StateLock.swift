import Glibc

/// Holds a state folder for one agent: two on the same folder would undo each other's work. Let go when the process ends, however it ends.
struct StateLock: Sendable {
  private let file: Descriptor

  init(folder: String) throws {
    let path = "\(folder)/lock"
    let number = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    guard number >= 0 else { throw SystemError("open \(path)") }
    file = Descriptor(owning: number)
    guard flock(number, LOCK_EX | LOCK_NB) == 0 else { throw Held(folder: folder) }
  }

  struct Held: Error, CustomStringConvertible {
    let folder: String

    var description: String {
      "another fleetd uses the state folder '\(folder)'; end it, or give another one with --state"
    }
  }
}
