import Glibc

/// Ties a process's life to its parent's.
package enum ParentDeath {
  private static let setParentDeathSignal: Int32 = 1

  /// From now on the kernel kills this process when the thread that started it ends (prctl(2), PR_SET_PDEATHSIG). For an engine
  /// that hangs, and so does not see its control socket close.
  package static func endWithParent() {
    // prctl is variadic, so Swift cannot name it; its arguments are plain words on every architecture we run on.
    typealias ProcessControl = @convention(c) (Int32, UInt, UInt, UInt, UInt) -> Int32
    guard let symbol = unsafe dlsym(dlopen(nil, RTLD_NOW), "prctl") else { return }
    let processControl = unsafe unsafeBitCast(symbol, to: ProcessControl.self)
    _ = processControl(setParentDeathSignal, UInt(SIGKILL), 0, 0, 0)
  }
}
