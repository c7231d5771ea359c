import Glibc

/// Plain sockets of this machine for bytes that no client would send.
enum FuzzSocket {
  private static let sendSeconds = 2
  private static let answerSeconds = 10

  /// A socket that listens on a free port.
  static func listen() throws -> (descriptor: Int32, port: UInt16) {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = loopback(port: 0)
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isListening = unsafe withUnsafeMutablePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
        unsafe bind(descriptor, pointer, length) == 0 && Glibc.listen(descriptor, 128) == 0
          && getsockname(descriptor, pointer, &length) == 0
      }
    }
    guard isListening else { throw FuzzFailure("cannot listen: errno \(errno)") }
    return (descriptor, UInt16(bigEndian: address.sin_port))
  }

  /// Sends `bytes`, ends our side, and gives what comes back until the server ends its own. Throws when it never does.
  static func exchange(_ bytes: [UInt8], port: UInt16) throws -> [UInt8] {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    setTimeout(descriptor, SO_SNDTIMEO, sendSeconds)
    setTimeout(descriptor, SO_RCVTIMEO, answerSeconds)
    var address = loopback(port: port)
    let connected = unsafe withUnsafePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
        unsafe connect(descriptor, pointer, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    // libFuzzer's alarm: the connection comes about all the same, and `send` waits for it.
    guard connected == 0 || errno == EINTR else { throw FuzzFailure("cannot connect: errno \(errno)") }
    var sent = 0
    while sent < bytes.count {
      // A server that has heard enough stops reading or closes: both are its right.
      let rest = Array(bytes[sent...])
      let count = unsafe send(descriptor, rest, rest.count, Int32(MSG_NOSIGNAL))
      guard count > 0 else { break }
      sent += count
    }
    shutdown(descriptor, Int32(SHUT_WR))
    var answer: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = unsafe recv(descriptor, &buffer, buffer.count, 0)
      if count < 0, errno == EAGAIN {
        throw FuzzFailure("the connection is open \(answerSeconds) s after our last byte")
      }
      guard count > 0 else { return answer }
      answer += buffer[..<count]
    }
  }

  private static func loopback(port: UInt16) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    return address
  }

  private static func setTimeout(_ descriptor: Int32, _ option: Int32, _ seconds: Int) {
    var time = timeval(tv_sec: seconds, tv_usec: 0)
    _ = unsafe setsockopt(descriptor, SOL_SOCKET, option, &time, socklen_t(MemoryLayout<timeval>.size))
  }
}
