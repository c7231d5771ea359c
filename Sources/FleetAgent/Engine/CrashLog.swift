package import FleetCore
import Logging

/// The last crashes of engines, on disk, so that they can be told of when everything has been restarted.
package actor CrashLog {
  /// Older ones are forgotten.
  static let limit = 10

  private let file: StateFile<[EngineCrash]>
  private let log: Logger
  /// The newest last.
  package private(set) var crashes: [EngineCrash] = []

  init(stateDirectory: String, disk: Disk = Disk(), log: Logger) throws {
    file = try StateFile(path: "\(stateDirectory)/crashes.json", disk: disk)
    self.log = log
  }

  /// Once, before anything else. A file that cannot be read is begun anew.
  func open() async {
    do {
      crashes = try await file.load()?.suffix(Self.limit) ?? []
    } catch {
      log.warning("crashes.json cannot be read and is begun anew: \(JSONText.describe(error))")
    }
  }

  func note(_ crash: EngineCrash) async {
    crashes = (crashes + [crash]).suffix(Self.limit)
    do {
      try await file.save(crashes)
    } catch {
      log.warning("a crash cannot be noted in crashes.json: \(error)")
    }
  }
}
