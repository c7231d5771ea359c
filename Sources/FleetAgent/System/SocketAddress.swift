import Glibc

/// Looks up addresses and makes sockets for them. Looking up a name blocks: only on a thread of our own, or at the start.
enum SocketAddress {
  /// Calls `body` with each address of `place` until it returns something; throws the last error when none does.
  static func first<Result>(
    of place: HostPort,
    isPassive: Bool,
    _ body: (_ family: Int32, _ address: UnsafePointer<sockaddr>, _ length: socklen_t) throws -> Result
  ) throws -> Result {
    var hints = unsafe addrinfo()
    unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    unsafe hints.ai_flags = AI_NUMERICSERV | (isPassive ? AI_PASSIVE : 0)
    var list: UnsafeMutablePointer<addrinfo>?
    let code = unsafe getaddrinfo(place.host, String(place.port), &hints, &list)
    guard code == 0 else { throw LookupError(place: place, reason: unsafe String(cString: gai_strerror(code))) }
    defer { unsafe freeaddrinfo(list) }
    var failure: any Error = LookupError(place: place, reason: "no address")
    var entry = unsafe list
    while let info = unsafe entry {
      if let address = unsafe info.pointee.ai_addr {
        do {
          return try unsafe body(info.pointee.ai_family, address, info.pointee.ai_addrlen)
        } catch {
          failure = error
        }
      }
      unsafe entry = info.pointee.ai_next
    }
    throw failure
  }

  struct LookupError: Error, CustomStringConvertible {
    let place: HostPort
    let reason: String

    var description: String { "cannot find '\(place.host)': \(reason)" }
  }
}
