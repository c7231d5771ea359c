import Foundation

/// Plain sockets, for a client that sends just the bytes a test wants. All calls block, for 20 seconds at most.
enum Sockets {
  private static let timeoutSeconds = 20

  /// Runs `body` where blocking holds up no other test.
  static func blocking<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
      let thread = Thread {
        continuation.resume(with: Result(catching: body))
      }
      thread.start()
    }
  }

  /// A socket on a free port of this machine. One that does not listen refuses connections, and keeps the port from others.
  static func listen(isListening: Bool = true) throws -> (descriptor: Int32, port: UInt16) {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = loopback(port: 0)
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let bound = unsafe withUnsafeMutablePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
        unsafe bind(descriptor, pointer, length) == 0 && (!isListening || Glibc.listen(descriptor, 128) == 0)
          && getsockname(descriptor, pointer, &length) == 0
      }
    }
    guard bound else { throw TestFailure("cannot listen: errno \(errno)") }
    return (descriptor, UInt16(bigEndian: address.sin_port))
  }

  static func pair() throws -> (Int32, Int32) {
    var pair: [Int32] = [0, 0]
    guard unsafe socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &pair) == 0 else {
      throw TestFailure("no sockets")
    }
    setTimeout(pair[0])
    return (pair[0], pair[1])
  }

  /// `receiveBuffer` is how many bytes may arrive before they are read; nil for the system's choice.
  static func connect(port: UInt16, receiveBuffer: Int32? = nil) throws -> Int32 {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    setTimeout(descriptor)
    if var size = receiveBuffer {
      _ = unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<Int32>.size))
    }
    var address = loopback(port: port)
    let connected = unsafe withUnsafePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
        unsafe Glibc.connect(descriptor, pointer, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard connected == 0 else {
      close(descriptor)
      throw TestFailure("cannot connect: errno \(errno)")
    }
    return descriptor
  }

  /// Writes what the other end takes; a closed connection shows when it is read.
  static func write(_ bytes: [UInt8], to descriptor: Int32) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = unsafe rest.withUnsafeBytes { unsafe send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
      guard count > 0 else { return }
      rest = rest.dropFirst(count)
    }
  }

  /// Some bytes; none when the connection has ended.
  static func read(from descriptor: Int32) throws -> [UInt8] {
    var chunk = [UInt8](repeating: 0, count: 65536)
    let count = unsafe Glibc.recv(descriptor, &chunk, chunk.count, 0)
    if count < 0, errno == EAGAIN { throw TestFailure("nothing to read for \(timeoutSeconds) s") }
    return Array(chunk[..<max(0, count)])
  }

  private static func loopback(port: UInt16) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    return address
  }

  private static func setTimeout(_ descriptor: Int32) {
    var timeout = timeval(tv_sec: timeoutSeconds, tv_usec: 0)
    _ = unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
    _ = unsafe setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
  }
}
