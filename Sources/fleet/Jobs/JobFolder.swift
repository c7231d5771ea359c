import FleetConsole
import FleetCore
import FleetJournal
import Foundation

/// Where the jobs of an operator lie.
enum JobFolder {
  /// A demo's jobs are gone with the demo, so they lie in its folder. Otherwise `$FLEET_STATE`, else `$XDG_STATE_HOME/fleet`, else
  /// `~/.local/state/fleet`.
  static func path(
    fleetFile: String,
    environment: [String: String] = ProcessInfo.processInfo.environment
  ) -> String {
    let beside = URL(filePath: JobFleet.absolute(fleetFile)).deletingLastPathComponent()
    let marker = beside.appending(path: DemoFolder.marker).path(percentEncoded: false)
    if FileManager.default.fileExists(atPath: marker) {
      return beside.appending(path: "jobs").path(percentEncoded: false)
    }
    if let folder = environment["FLEET_STATE"], !folder.isEmpty { return JobFleet.absolute(folder) }
    if let folder = environment["XDG_STATE_HOME"], folder.hasPrefix("/") { return JobFleet.absolute("\(folder)/fleet") }
    return JobFleet.absolute("\(NSHomeDirectory())/.local/state/fleet")
  }
}

extension FleetOptions {
  /// The fleet as its jobs know it.
  func jobFleet(_ definition: FleetDefinition) -> JobFleet {
    JobFleet(name: definition.name, file: fleet)
  }

  /// Opens the operator's jobs, to order one.
  func openJobs() throws(CommandError) -> JobStore {
    try JobStore.open(folder: JobFolder.path(fleetFile: fleet))
  }

  /// Nil when there has never been a job.
  func existingJobs() throws(CommandError) -> JobStore? {
    try JobStore.openExisting(folder: JobFolder.path(fleetFile: fleet))
  }

  /// The job that `name` means, and where it is kept. Throws `.notFound` with near names.
  func job(named name: String) throws -> (store: JobStore, job: StoredJob) {
    let fleet = jobFleet(try definition())
    guard let store = try existingJobs() else {
      throw CommandError(.notFound, "fleet '\(fleet.name)' has no job '\(name)'; it has none yet")
    }
    return (store, try store.job(named: name, of: fleet))
  }

  /// Whether the fleet is a simulated one; false when its file cannot be read.
  var isSimulated: Bool { (try? definition().isSimulated) ?? false }

  /// Who orders: in whose name nodes are called, else whose account this is.
  var operatorName: String { person ?? NSUserName() }

  /// ` --fleet FILE` for a command that is recommended, unless it would be found without.
  var hint: String { fleet == "fleet.yaml" ? "" : " --fleet \(fleet)" }

  /// The same choice for another process, wherever it works.
  var absoluteArguments: [String] {
    var arguments = ["--fleet", JobFleet.absolute(fleet)]
    if let certificates { arguments += ["--certificates", JobFleet.absolute(certificates)] }
    if let person { arguments += ["--as", person] }
    return arguments
  }
}
