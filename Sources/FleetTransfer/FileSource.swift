package import FleetCore
import Glibc

/// A file as a source. It is read, not mapped: a broken sector is an error then, not the end of the process.
package final class FileSource: ByteSource, Sendable {
  package let path: String
  package let count: UInt64
  private let descriptor: Int32

  package init(_ path: String) throws(CommandError) {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw Self.problem("cannot be opened", path) }
    var info = stat()
    guard unsafe fstat(descriptor, &info) == 0 else {
      let problem = Self.problem("cannot be measured", path)
      close(descriptor)
      throw problem
    }
    self.path = path
    self.descriptor = descriptor
    count = UInt64(clamping: info.st_size)
  }

  deinit { close(descriptor) }

  package func bytes(at offset: UInt64, count: Int) throws(CommandError) -> [UInt8] {
    var error: Int32 = 0
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { room, filled in
      while filled < count {
        let got = unsafe pread(
          descriptor,
          room.baseAddress.map { unsafe $0 + filled },
          count - filled,
          Int(clamping: offset) + filled
        )
        if got < 0, errno == EINTR { continue }
        if got < 0 { error = errno }
        guard got > 0 else { break }
        filled += got
      }
    }
    if error != 0 { throw Self.problem("cannot be read", path, error) }
    guard bytes.count == count else {
      throw CommandError(.corrupt, "\(path): shorter than the \(offset + UInt64(count)) bytes it should have")
    }
    return bytes
  }

  private static func problem(_ what: String, _ path: String, _ error: Int32 = errno) -> CommandError {
    CommandError(.failed, "\(path): \(what): \(unsafe String(cString: strerror(error)))")
  }
}
