import Glibc

/// Asks a sibling's engine whether it serves: `GET /v2/health/ready` of the Open Inference Protocol.
///
/// An actor on a thread of its own, one a sibling: looking up a name or waiting for a dead box delays nobody else.
actor SiblingCheck {
  private let address: HostPort
  private let willLookUp: @Sendable (HostPort) -> Void
  private let executor: ThreadExecutor

  init(address: HostPort, willLookUp: @escaping @Sendable (HostPort) -> Void = { _ in }) throws {
    self.address = address
    self.willLookUp = willLookUp
    executor = try ThreadExecutor(name: "sibling-check")
  }

  nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe executor.asUnownedSerialExecutor() }

  /// Whether it said 200 within `deadline`. Anything else, silence too, is no. Looking up a name has no deadline of its own, so the answer may
  /// come later than that.
  nonisolated func isReady(within deadline: Duration) async -> Bool {
    await isReady(by: ContinuousClock.now + deadline)
  }

  private func isReady(by end: ContinuousClock.Instant) -> Bool {
    // Whoever asked while an earlier check waited for a name server is gone.
    guard ContinuousClock.now < end else { return false }
    willLookUp(address)
    guard let socket = try? connected(by: end) else { return false }
    let request = "GET /v2/health/ready HTTP/1.1\r\nHost: \(address)\r\nConnection: close\r\n\r\n"
    guard (try? socket.send(Array(request.utf8))) != nil else { return false }
    var answer: [UInt8] = []
    while answer.count < 12 {
      guard waitFor(POLLIN, on: socket, until: end), let bytes = try? socket.read(upTo: 512), !bytes.isEmpty else {
        return false
      }
      answer += bytes
    }
    let line = String(decoding: answer.prefix(12), as: UTF8.self)
    return line.hasPrefix("HTTP/1.") && line.hasSuffix(" 200")
  }

  private func connected(by end: ContinuousClock.Instant) throws -> Descriptor {
    try unsafe SocketAddress.first(of: address, isPassive: false) { family, target, length in
      let flags = SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue
      let number = socket(family, Int32(flags), 0)
      guard number >= 0 else { throw SystemError("make a socket") }
      let descriptor = Descriptor(owning: number)
      if unsafe connect(number, target, length) == 0 { return descriptor }
      guard errno == EINPROGRESS, waitFor(POLLOUT, on: descriptor, until: end) else {
        throw SystemError("connect to \(address)")
      }
      var code: Int32 = 0
      var size = socklen_t(MemoryLayout<Int32>.size)
      unsafe getsockopt(number, SOL_SOCKET, SO_ERROR, &code, &size)
      guard code == 0 else { throw SystemError("connect to \(address)", code: code) }
      return descriptor
    }
  }

  private func waitFor(_ event: Int32, on socket: Descriptor, until end: ContinuousClock.Instant) -> Bool {
    let left = (end - ContinuousClock.now).components
    let milliseconds = left.seconds * 1000 + left.attoseconds / 1_000_000_000_000_000
    guard milliseconds > 0 else { return false }
    var entry = pollfd(fd: socket.number, events: Int16(event), revents: 0)
    return unsafe poll(&entry, 1, Int32(min(milliseconds, 60_000))) > 0
  }
}
