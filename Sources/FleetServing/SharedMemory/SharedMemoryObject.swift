import Glibc
import NIOCore

/// A POSIX shared memory object of somebody else, read and written through its descriptor.
///
/// It is never mapped: its owner may cut it short at any moment, and touching a mapping beyond the new end would end this process
/// (SIGBUS). Reading from the descriptor is one copy, as the way into the runtime's own memory would be.
final class SharedMemoryObject: Sendable {
  private let descriptor: Int32

  /// Throws `.invalid` when there is no object called `key` that may be read and written.
  init(opening key: String) throws(ServingError) {
    let name = "shared memory object \(ServingError.quote(key))"
    // A C string would end at a zero, and name another object.
    guard !key.utf8.contains(0) else { throw ServingError(.invalid, "\(name): not a name") }
    descriptor = unsafe shm_open(key, O_RDWR, 0)
    guard descriptor >= 0 else {
      switch errno {
      case ENOENT: throw ServingError(.invalid, "\(name) does not exist on this machine")
      case EACCES, EPERM: throw ServingError(.invalid, "\(name) may not be read and written by this server")
      case EMFILE, ENFILE: throw ServingError(.unavailable, "too many files are open")
      default: throw ServingError(.invalid, "\(name) cannot be opened: \(unsafe String(cString: strerror(errno)))")
      }
    }
  }

  deinit {
    if descriptor >= 0 { close(descriptor) }
  }

  /// In bytes, now. (Asked by seeking: all reads and writes here say their place, and where `stat` comes from depends on what else
  /// a build has imported.)
  var size: Int { max(0, lseek(descriptor, 0, SEEK_END)) }

  /// Nil when the object ends before.
  func read(at offset: Int, count: Int) -> ByteBuffer? {
    var bytes = ByteBufferAllocator().buffer(capacity: count)
    while bytes.readableBytes < count {
      let rest = count - bytes.readableBytes
      let place = offset + bytes.readableBytes
      let taken = unsafe bytes.writeWithUnsafeMutableBytes(minimumWritableBytes: rest) { target in
        var taken: Int
        repeat {
          taken = unsafe pread(descriptor, target.baseAddress, rest, place)
        } while taken < 0 && errno == EINTR
        return max(0, taken)
      }
      guard taken > 0 else { return nil }
    }
    return bytes
  }

  /// False when the object ends before.
  func write(_ bytes: ByteBuffer, at offset: Int) -> Bool {
    // Writing beyond the end would make it longer again.
    guard size - bytes.readableBytes >= offset else { return false }
    return unsafe bytes.withUnsafeReadableBytes { source in
      var done = 0
      while done < source.count {
        let rest = unsafe UnsafeRawBufferPointer(rebasing: source[done...])
        let written = unsafe pwrite(descriptor, rest.baseAddress, rest.count, offset + done)
        if written < 0, errno == EINTR { continue }
        guard written > 0 else { return false }
        done += written
      }
      return true
    }
  }
}
