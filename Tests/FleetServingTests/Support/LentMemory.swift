import Foundation

/// A shared memory object of a client's.
final class LentMemory: Sendable {
  let key: String
  private let descriptor: Int32

  init(_ bytes: [UInt8]) throws {
    key = "/fleet-test-\(UUID().uuidString)"
    descriptor = unsafe shm_open(key, O_RDWR | O_CREAT | O_EXCL, 0o600)
    guard descriptor >= 0 else { throw TestFailure("no shared memory: errno \(errno)") }
    let written = unsafe bytes.withUnsafeBytes { unsafe pwrite(descriptor, $0.baseAddress, $0.count, 0) }
    guard written == bytes.count else { throw TestFailure("no shared memory: errno \(errno)") }
  }

  deinit {
    _ = unsafe shm_unlink(key)
    close(descriptor)
  }

  var bytes: [UInt8] {
    var bytes = [UInt8](repeating: 0, count: max(0, lseek(descriptor, 0, SEEK_END)))
    _ = unsafe bytes.withUnsafeMutableBytes { unsafe pread(descriptor, $0.baseAddress, $0.count, 0) }
    return bytes
  }

  func cut(to count: Int) { ftruncate(descriptor, count) }
}
