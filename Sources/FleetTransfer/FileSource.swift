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

  /// What `write` gives, in a file that has no name and is gone with this. Throws `.failed` when there is no place for it.
  package init(
    temporary folder: String,
    _ write: (_ give: ([UInt8]) throws(CommandError) -> Void) throws(CommandError) -> Void
  ) throws(CommandError) {
    let name = "\(folder)/fleet-\(UInt64.random(in: 0...UInt64.max))"
    let descriptor = unsafe open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw Self.problem("no file can be made there", folder) }
    unsafe unlink(name)
    var count: UInt64 = 0
    do throws(CommandError) {
      try write { (bytes) throws(CommandError) in
        try Self.append(bytes, to: descriptor, in: folder)
        count += UInt64(bytes.count)
      }
    } catch {
      close(descriptor)
      throw error
    }
    path = folder
    self.descriptor = descriptor
    self.count = count
  }

  deinit { close(descriptor) }

  private static func append(_ bytes: [UInt8], to descriptor: Int32, in folder: String) throws(CommandError) {
    var written = 0
    while written < bytes.count {
      let result = unsafe bytes.withUnsafeBytes { room in
        unsafe Glibc.write(descriptor, room.baseAddress.map { unsafe $0 + written }, bytes.count - written)
      }
      if result < 0, errno == EINTR { continue }
      guard result > 0 else { throw problem("cannot be written", folder) }
      written += result
    }
  }

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
