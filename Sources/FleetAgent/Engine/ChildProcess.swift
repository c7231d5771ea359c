import Glibc
import Synchronization

/// A program that runs as our child. The only code that knows posix_spawn and waitpid.
///
/// The thread that spawns a child lives as long as the child: a parent-death signal (prctl(2), PR_SET_PDEATHSIG) is sent when the
/// spawning thread ends, not the process.
final class ChildProcess: Sendable {
  let pid: pid_t
  private let state = Mutex(State())

  private struct State {
    var isReaped = false
    var end: ProcessEnd?
    var waiting: [CheckedContinuation<ProcessEnd, Never>] = []
  }

  private init(pid: pid_t) {
    self.pid = pid
  }

  /// Starts `program` with `inherited` as its descriptors 3, 4 and so on, and no other. Its output goes to our standard error.
  static func spawn(program: String, arguments: [String], inherited: [Descriptor]) async throws -> ChildProcess {
    try await withCheckedThrowingContinuation { continuation in
      do {
        try OwnThread.start("engine-parent") {
          do {
            let (child, words) = try start(program, arguments, inherited: inherited)
            continuation.resume(returning: child)
            child.watch(words)
          } catch {
            continuation.resume(throwing: error)
          }
        }
      } catch {
        continuation.resume(throwing: error)
      }
    }
  }

  /// Does nothing when the child is gone already, so that no stranger with its number is hit.
  func kill(_ signal: Int32) {
    state.withLock { if !$0.isReaped { _ = Glibc.kill(pid, signal) } }
  }

  /// Waits for the end of the child.
  func ended() async -> ProcessEnd {
    await withCheckedContinuation { continuation in
      let end = state.withLock { state in
        if state.end == nil { state.waiting.append(continuation) }
        return state.end
      }
      if let end { continuation.resume(returning: end) }
    }
  }

  private func watch(_ words: LastWords) {
    var info = unsafe siginfo_t()
    while unsafe waitid(P_PID, id_t(pid), &info, WEXITED | WNOWAIT) != 0, errno == EINTR {}
    var status: Int32 = 0
    state.withLock { state in
      unsafe waitpid(pid, &status, 0)
      state.isReaped = true
    }
    let signal = status & 0x7f
    let cause = signal == 0 ? ProcessEnd.Cause.exited(status: status >> 8 & 0xff) : .killed(signal: signal)
    let end = ProcessEnd(cause: cause, lastWords: words.atTheEnd())
    let waiting = state.withLock { state in
      state.end = end
      defer { state.waiting = [] }
      return state.waiting
    }
    for continuation in waiting { continuation.resume(returning: end) }
  }

  private static func start(
    _ program: String,
    _ arguments: [String],
    inherited: [Descriptor]
  ) throws -> (child: ChildProcess, words: LastWords) {
    let output = try Descriptor.pipe()
    // Before the child, which must not be there without somebody who listens.
    let words = try LastWords(of: output.reading)
    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    defer { unsafe posix_spawn_file_actions_destroy(&actions) }
    unsafe posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    // Copies far above the targets, so that setting one target cannot overwrite another's source.
    let sources = try ([output.writing, output.writing] + inherited).map { descriptor in
      let copy = fcntl(descriptor.number, F_DUPFD_CLOEXEC, 64)
      guard copy >= 0 else { throw SystemError("copy a descriptor") }
      return Descriptor(owning: copy)
    }
    for (target, source) in zip(Int32(1)..., sources) {
      unsafe posix_spawn_file_actions_adddup2(&actions, source.number, target)
    }
    try unsafe closeOthers(from: Int32(sources.count) + 1, &actions)

    var attributes = posix_spawnattr_t()
    unsafe posix_spawnattr_init(&attributes)
    defer { unsafe posix_spawnattr_destroy(&attributes) }
    var none = sigset_t()
    unsafe sigemptyset(&none)
    unsafe posix_spawnattr_setsigmask(&attributes, &none)
    var defaults = sigset_t()
    unsafe sigemptyset(&defaults)
    for signal in [SIGTERM, SIGHUP, SIGPIPE, SIGCHLD] { unsafe sigaddset(&defaults, signal) }
    unsafe posix_spawnattr_setsigdefault(&attributes, &defaults)
    unsafe posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))

    var list = unsafe ([program] + arguments).map { unsafe strdup($0) } + [nil]
    defer { unsafe list.forEach { unsafe free($0) } }
    var pid: pid_t = 0
    let code = withExtendedLifetime(sources) {
      unsafe posix_spawn(&pid, program, &actions, &attributes, &list, environ)
    }
    guard code == 0 else { throw SystemError("start \(program)", code: code) }
    return (ChildProcess(pid: pid), words)
  }

  /// Closes everything from `first` on in the child: also what libraries opened or we inherited.
  private static func closeOthers(from first: Int32, _ actions: inout posix_spawn_file_actions_t) throws {
    // glibc has had posix_spawn_file_actions_addclosefrom_np since 2.34, but the Glibc module does not show it.
    typealias AddCloseFrom = @convention(c) (UnsafeMutablePointer<posix_spawn_file_actions_t>, Int32) -> Int32
    guard let symbol = unsafe dlsym(dlopen(nil, RTLD_NOW), "posix_spawn_file_actions_addclosefrom_np") else {
      throw SystemError("start children without glibc 2.34", code: ENOSYS)
    }
    let addCloseFrom = unsafe unsafeBitCast(symbol, to: AddCloseFrom.self)
    _ = unsafe addCloseFrom(&actions, first)
  }
}
