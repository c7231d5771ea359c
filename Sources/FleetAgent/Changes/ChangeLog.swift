package import FleetCore
import FoundationEssentials
import Logging

/// The last things that were done to the node or happened to it, on disk, so that they can be told of when everything has been restarted.
package actor ChangeLog {
  private let file: StateFile<[NodeChange]>
  private let date: @Sendable () -> Date
  private let log: Logger
  /// The newest last, at most `NodeChange.maximumCount`.
  package private(set) var changes: [NodeChange] = []
  private var saving: Task<Void, Never>?

  init(stateDirectory: String, disk: Disk = Disk(), date: @escaping @Sendable () -> Date, log: Logger) throws {
    file = try StateFile(path: "\(stateDirectory)/changes.json", disk: disk)
    self.date = date
    self.log = log
  }

  /// Once, before anything else. A file that cannot be read is begun anew.
  func open() async {
    do {
      changes = try await file.load()?.suffix(NodeChange.maximumCount) ?? []
    } catch {
      log.warning("changes.json cannot be read and is begun anew: \(JSONText.describe(error))")
    }
  }

  package func note(_ kind: NodeChange.Kind, _ text: String, orderedBy: String? = nil) {
    note(NodeChange(time: date(), kind: kind, text: text, orderedBy: orderedBy))
  }

  /// Known at once and on the disk a little later: whoever was asked for something must not wait for a slow disk because of this. What is
  /// heard of late goes before what came after it.
  package func note(_ change: NodeChange) {
    let later = changes.reversed().prefix { $0.time > change.time && $0.kind == .engineStarted }.count
    changes.insert(change, at: changes.count - later)
    changes.removeFirst(max(0, changes.count - NodeChange.maximumCount))
    let before = saving
    saving = Task {
      await before?.value
      await save()
    }
  }

  /// Returns when all is on the disk.
  func settle() async {
    await saving?.value
  }

  private func save() async {
    do {
      try await file.save(changes)
    } catch {
      log.warning("a change cannot be noted in changes.json: \(error)")
    }
  }
}
