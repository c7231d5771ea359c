import Glibc

/// A connection to another machine that ends at a moment, whatever that machine does. Blocks: only on a thread of our own.
struct TimedConnection {
  private let address: HostPort
  private let socket: Descriptor
  private let end: ContinuousClock.Instant

  init(to address: HostPort, until end: ContinuousClock.Instant) throws {
    self.address = address
    self.end = end
    socket = try unsafe SocketAddress.first(of: address, isPassive: false) { family, target, length in
      let flags = SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue
      let number = Glibc.socket(family, Int32(flags), 0)
      guard number >= 0 else { throw SystemError("make a socket") }
      let descriptor = Descriptor(owning: number)
      if unsafe connect(number, target, length) == 0 { return descriptor }
      guard errno == EINPROGRESS, Self.waitFor(POLLOUT, on: descriptor, until: end) else {
        throw SystemError("connect to \(address)")
      }
      var code: Int32 = 0
      var size = socklen_t(MemoryLayout<Int32>.size)
      unsafe getsockopt(number, SOL_SOCKET, SO_ERROR, &code, &size)
      guard code == 0 else { throw SystemError("connect to \(address)", code: code) }
      return descriptor
    }
  }

  /// Of a request that fits into the system's buffer.
  func send(_ text: String) throws {
    try socket.send(Array(text.utf8))
  }

  /// Waits for what comes next; empty at the end.
  func read(upTo count: Int) throws -> [UInt8] {
    guard Self.waitFor(POLLIN, on: socket, until: end) else {
      throw SystemError("read from \(address) in time", code: ETIMEDOUT)
    }
    return try socket.read(upTo: count)
  }

  private static func waitFor(_ event: Int32, on socket: Descriptor, until end: ContinuousClock.Instant) -> Bool {
    let left = (end - ContinuousClock.now).components
    let milliseconds = left.seconds * 1000 + left.attoseconds / 1_000_000_000_000_000
    guard milliseconds > 0 else { return false }
    var entry = pollfd(fd: socket.number, events: Int16(event), revents: 0)
    return unsafe poll(&entry, 1, Int32(min(milliseconds, 60_000))) > 0
  }
}
