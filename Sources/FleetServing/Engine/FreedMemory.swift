import Glibc

/// What was freed and is still ours: allocators keep it, for next time.
enum FreedMemory {
  private typealias Trim = @convention(c) (Int) -> Int32

  /// Gives it back to the machine. Where the C library has no way to, nothing happens.
  static func giveBack() {
    // malloc_trim(3), which the Glibc module does not show.
    guard let symbol = unsafe dlsym(dlopen(nil, RTLD_NOW), "malloc_trim") else { return }
    _ = unsafe unsafeBitCast(symbol, to: Trim.self)(0)
  }
}
