import Glibc

/// Starts a thread of our own, for work that blocks and so must stay off Swift's shared pool.
enum OwnThread {
  /// Small, because such threads only read files or wait.
  private static let stackBytes = 512 * 1024

  /// `name` is cut to the 15 bytes that Linux keeps. Throws when the machine gives no more threads.
  static func start(_ name: String, _ body: @escaping @Sendable () -> Void) throws(SystemError) {
    var attributes = pthread_attr_t()
    unsafe pthread_attr_init(&attributes)
    unsafe pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
    unsafe pthread_attr_setstacksize(&attributes, stackBytes)
    defer { unsafe pthread_attr_destroy(&attributes) }
    let work = unsafe Unmanaged.passRetained(Work(name: String(name.prefix(15)), body: body)).toOpaque()
    var thread = pthread_t()
    let code = unsafe pthread_create(
      &thread,
      &attributes,
      { argument in
        guard let argument = unsafe argument else { return nil }
        let work = unsafe Unmanaged<Work>.fromOpaque(argument).takeRetainedValue()
        work.run()
        return nil
      },
      work
    )
    guard code == 0 else {
      unsafe Unmanaged<Work>.fromOpaque(work).release()
      throw SystemError("start the thread '\(name)'", code: code)
    }
  }
}

private final class Work: Sendable {
  private let name: String
  private let body: @Sendable () -> Void

  init(name: String, body: @escaping @Sendable () -> Void) {
    self.name = name
    self.body = body
  }

  func run() {
    nameThread()
    body()
  }

  /// For `top -H` and debuggers. pthread_setname_np is not in the Glibc module.
  private func nameThread() {
    let number = unsafe open("/proc/thread-self/comm", O_WRONLY | O_CLOEXEC)
    guard number >= 0 else { return }
    try? Descriptor(owning: number).write(Array(name.utf8))
  }
}
