import Glibc

/// Memory without a name that a child can write to and we can read, also when the child is gone.
struct SharedMemory: Sendable {
  let descriptor: Descriptor
  private let bytes: Int

  init(bytes: Int) throws {
    // glibc has had memfd_create since 2.27, but the Glibc module does not show it.
    typealias Create = @convention(c) (UnsafePointer<CChar>, UInt32) -> Int32
    guard let symbol = unsafe dlsym(dlopen(nil, RTLD_NOW), "memfd_create") else {
      throw SystemError("share memory without glibc 2.27", code: ENOSYS)
    }
    let create = unsafe unsafeBitCast(symbol, to: Create.self)
    let closeOnExec: UInt32 = 1
    let number = unsafe create("fleet-flight", closeOnExec)
    guard number >= 0 else { throw SystemError("share memory") }
    descriptor = Descriptor(owning: number)
    self.bytes = bytes
    guard ftruncate(number, off_t(bytes)) == 0 else { throw SystemError("share \(bytes) bytes of memory") }
  }

  func contents() throws -> [UInt8] {
    var buffer = [UInt8](repeating: 0, count: bytes)
    let got = unsafe pread(descriptor.number, &buffer, bytes, 0)
    guard got == bytes else { throw SystemError("read shared memory") }
    return buffer
  }
}
