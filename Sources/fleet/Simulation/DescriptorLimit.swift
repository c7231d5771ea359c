import FleetCore
import Foundation

/// How many files this process may have open: each listener and each end of each connection is one.
enum DescriptorLimit {
  /// Raises the limit as far as it goes. Throws when even one console would be too many, and complains when two would be.
  static func raise(forNodes nodes: Int) throws {
    var limit = rlimit()
    guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
    let hard = limit.rlim_max
    limit.rlim_cur = hard
    _ = unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    // A listener each, and of a console in this process both ends of a connection each.
    let least = rlim_t(3 * nodes + 128)
    guard hard >= least else {
      throw DemoError(
        "\(nodes) simulated nodes need \(least) open files, and this shell allows \(hard); raise it with 'ulimit -n \(least)' "
          + "as root, or simulate \(max(1, (Int(clamping: hard) - 128) / 3)) nodes"
      )
    }
    let comfortable = least + rlim_t(nodes)
    if hard < comfortable {
      Complaint.print("fleet demo: \(hard) open files allow one console only; 'ulimit -n \(comfortable)' allows two")
    }
  }
}
