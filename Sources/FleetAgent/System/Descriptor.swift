import Glibc

/// A file descriptor that is closed once, when its last owner lets go.
package final class Descriptor: Sendable {
  package let number: Int32

  init(owning number: Int32) {
    self.number = number
  }

  deinit {
    close(number)
  }

  /// Two ends of a stream within this machine, neither inherited by children unless handed over.
  static func socketPair() throws -> (Descriptor, Descriptor) {
    var ends: [Int32] = [-1, -1]
    guard unsafe socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends) == 0 else {
      throw SystemError("make a socket pair")
    }
    return (Descriptor(owning: ends[0]), Descriptor(owning: ends[1]))
  }

  /// A pipe's reading and writing end.
  static func pipe() throws -> (reading: Descriptor, writing: Descriptor) {
    var ends: [Int32] = [-1, -1]
    guard unsafe Glibc.pipe(&ends) == 0 else { throw SystemError("make a pipe") }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    return (Descriptor(owning: ends[0]), Descriptor(owning: ends[1]))
  }

  /// What is there, up to `count` bytes; empty at the end. Blocks.
  func read(upTo count: Int) throws -> [UInt8] {
    var buffer = [UInt8](repeating: 0, count: count)
    while true {
      let got = unsafe Glibc.read(number, &buffer, count)
      if got >= 0 { return Array(buffer.prefix(got)) }
      guard errno == EINTR else { throw SystemError("read") }
    }
  }

  /// Writes all of `bytes` to a socket without waiting; throws when they do not fit.
  func send(_ bytes: [UInt8]) throws {
    var sent = 0
    while sent < bytes.count {
      let wrote = unsafe bytes.withUnsafeBytes { buffer in
        unsafe Glibc.send(
          number,
          buffer.baseAddress?.advanced(by: sent),
          bytes.count - sent,
          Int32(MSG_NOSIGNAL | MSG_DONTWAIT)
        )
      }
      if wrote >= 0 { sent += wrote } else if errno != EINTR { throw SystemError("write") }
    }
  }

  /// Writes all of `bytes`. Blocks.
  func write(_ bytes: [UInt8]) throws {
    var written = 0
    while written < bytes.count {
      let wrote = unsafe bytes.withUnsafeBytes { buffer in
        unsafe Glibc.write(number, buffer.baseAddress?.advanced(by: written), bytes.count - written)
      }
      if wrote >= 0 { written += wrote } else if errno != EINTR { throw SystemError("write") }
    }
  }

  /// Wakes whoever reads this socket, on either side.
  func shutDown() {
    shutdown(number, Int32(SHUT_RDWR))
  }
}
