import ArgumentParser
import FleetConfiguration
import FleetCore
import FleetJournal
import Foundation

/// A command about a fleet, before which its interrupted jobs are mentioned. Those of `fleet jobs` show them anyway, and the
/// dashboard offers to go on with them.
protocol FleetBound {
  var options: FleetOptions { get }
}

extension StatusCommand: FleetBound {}
extension WatchCommand: FleetBound {}
extension PushCommand: FleetBound {}
extension DiffCommand: FleetBound {}
extension ApplyCommand: FleetBound {}
extension RollbackCommand: FleetBound {}
extension DrainCommand: FleetBound {}
extension UndrainCommand: FleetBound {}

enum InterruptedJobs {
  /// One line on standard error when there are any. Costs one look at the disk when there has never been a job, and never keeps a
  /// command from its own work.
  static func mention(before command: any ParsableCommand) {
    guard let options = (command as? any FleetBound)?.options else { return }
    if let words = Self.words(options) { Complaint.print(words) }
  }

  static func words(_ options: FleetOptions) -> String? {
    do {
      guard let store = try options.existingJobs() else { return nil }
      let candidates = try store.interruptedJobs(ofFile: options.fleet)
      // The file is read only when it matters; a file that is wrong is the command's to tell.
      guard !candidates.isEmpty, let name = try? options.definition().name else { return nil }
      let jobs = candidates.filter { $0.fleet.name == name }
      guard let newest = jobs.first else { return nil }
      guard jobs.count > 1 else {
        return "\(newest.id) was interrupted; 'fleet jobs resume \(newest.id)\(options.hint)' goes on with it"
      }
      return "\(newest.id) and \(jobs.count - 1) more were interrupted; 'fleet jobs\(options.hint)' lists them"
    } catch {
      return "fleet: \(error)"
    }
  }
}
