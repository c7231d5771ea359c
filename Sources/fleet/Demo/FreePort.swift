import Foundation

/// Finds TCP ports on the loopback address that nothing listens on.
enum FreePort {
  /// `wanted` when it is free, else any free port; nil when there is none at all.
  static func find(wanted: Int) -> Int? {
    probe(wanted) ?? probe(0)
  }

  static func isFree(_ port: Int) -> Bool { probe(port) != nil }

  private static func probe(_ port: Int) -> Int? {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    // As fleetd binds it: a port that connections of an earlier demo still linger on is free.
    var reuse: Int32 = 1
    unsafe setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &reuse, socklen_t(MemoryLayout<Int32>.size))
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(port).bigEndian
    address.sin_addr.s_addr = in_addr_t(0x7f00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let bound = unsafe withUnsafeMutablePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
        unsafe bind(descriptor, generic, length) == 0 && getsockname(descriptor, generic, &length) == 0
      }
    }
    return bound ? Int(in_port_t(bigEndian: address.sin_port)) : nil
  }
}
