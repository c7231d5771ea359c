import FleetCore
import Foundation
import Synchronization

/// A process of ours in a session of its own: the end of the terminal, ctrl-C in it and the end of whoever started it do not
/// reach it. The only code of `fleet` that knows posix_spawn.
final class JobProcess: Sendable {
  let pid: pid_t
  private let status = Mutex<Int32?>(nil)
  /// `POSIX_SPAWN_SETSID` of <spawn.h>, shown to nobody who does not define _GNU_SOURCE.
  private static let newSession: Int32 = 0x80

  private init(pid: pid_t) {
    self.pid = pid
  }

  /// How a process ended.
  struct End: CustomStringConvertible {
    let status: Int32

    var isSuccess: Bool { status == 0 }

    var description: String {
      let signal = status & 0x7f
      return signal == 0 ? "exit status \(status >> 8 & 0xff)" : "killed by signal \(signal)"
    }
  }

  /// Where goes what it prints.
  enum Output {
    /// To the end of a file.
    case log(String)
    case standardError
  }

  /// Its standard input is `input`, or empty. It inherits nothing else.
  static func start(
    _ program: String,
    _ arguments: [String],
    input: Int32? = nil,
    output: Output
  ) throws(CommandError) -> JobProcess {
    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    defer { unsafe posix_spawn_file_actions_destroy(&actions) }
    if let input {
      unsafe posix_spawn_file_actions_adddup2(&actions, input, 0)
    } else {
      unsafe posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    }
    switch output {
    case .log(let path):
      unsafe posix_spawn_file_actions_addopen(&actions, 1, path, O_WRONLY | O_CREAT | O_APPEND, 0o600)
      unsafe posix_spawn_file_actions_adddup2(&actions, 1, 2)
    case .standardError: unsafe posix_spawn_file_actions_adddup2(&actions, 2, 1)
    }
    try unsafe closeOthers(from: 3, &actions)

    var attributes = posix_spawnattr_t()
    unsafe posix_spawnattr_init(&attributes)
    defer { unsafe posix_spawnattr_destroy(&attributes) }
    // We may ignore or block signals that it has to hear.
    var none = sigset_t()
    unsafe sigemptyset(&none)
    unsafe posix_spawnattr_setsigmask(&attributes, &none)
    var defaults = sigset_t()
    unsafe sigfillset(&defaults)
    unsafe posix_spawnattr_setsigdefault(&attributes, &defaults)
    let flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | newSession
    unsafe posix_spawnattr_setflags(&attributes, Int16(flags))

    var list = unsafe ([program] + arguments).map { unsafe strdup($0) } + [nil]
    defer { unsafe list.forEach { unsafe free($0) } }
    var pid: pid_t = 0
    let code = unsafe posix_spawn(&pid, program, &actions, &attributes, &list, environ)
    guard code == 0 else {
      throw CommandError(.failed, "cannot start '\(program)': \(unsafe String(cString: strerror(code)))")
    }
    let process = JobProcess(pid: pid)
    process.reap()
    return process
  }

  /// How it ended; nil while it runs.
  var ended: End? { status.withLock { $0 }.map { End(status: $0) } }

  /// A dashboard may outlive it: somebody has to take note of its end.
  private func reap() {
    let thread = Thread { [self] in
      var status: Int32 = 0
      while unsafe waitpid(pid, &status, 0) < 0, errno == EINTR {}
      self.status.withLock { $0 = status }
    }
    thread.stackSize = 256 << 10
    thread.start()
  }

  /// Closes everything from `first` on in the child: also what libraries opened or we inherited.
  private static func closeOthers(
    from first: Int32,
    _ actions: inout posix_spawn_file_actions_t
  ) throws(CommandError) {
    // glibc has had posix_spawn_file_actions_addclosefrom_np since 2.34, but the Glibc module does not show it.
    typealias AddCloseFrom = @convention(c) (UnsafeMutablePointer<posix_spawn_file_actions_t>, Int32) -> Int32
    guard let symbol = unsafe dlsym(dlopen(nil, RTLD_NOW), "posix_spawn_file_actions_addclosefrom_np") else {
      throw CommandError(.failed, "jobs need glibc 2.34 or later")
    }
    let addCloseFrom = unsafe unsafeBitCast(symbol, to: AddCloseFrom.self)
    _ = unsafe addCloseFrom(&actions, first)
  }
}
