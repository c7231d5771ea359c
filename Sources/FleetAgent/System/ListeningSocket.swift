import FleetCore
import Glibc

/// The socket on which a node answers its clients. The agent keeps it open, so that connections made while the engine is away
/// wait for the next one instead of being refused.
package struct ListeningSocket: Sendable {
  private static let backlog: Int32 = 1024

  package let descriptor: Descriptor
  /// As bound: port 0 has become a real one.
  package let address: HostPort

  package init(binding place: HostPort) throws {
    let bound = try unsafe SocketAddress.first(of: place, isPassive: true) { family, address, length in
      let number = socket(family, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
      guard number >= 0 else { throw SystemError("make a socket for \(place)") }
      let descriptor = Descriptor(owning: number)
      var yes: Int32 = 1
      unsafe setsockopt(number, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
      guard unsafe bind(number, address, length) == 0 else { throw SystemError("bind \(place)") }
      guard listen(number, Self.backlog) == 0 else { throw SystemError("listen on \(place)") }
      return descriptor
    }
    descriptor = bound
    address = HostPort(host: place.host, port: place.port == 0 ? try Self.port(of: bound) : place.port)
  }

  /// Tries again for a while when the address is in use: the engine of an agent that was just killed may have it for a moment longer.
  static func binding(_ place: HostPort, patience: Duration = .seconds(2)) async throws -> ListeningSocket {
    let end = ContinuousClock.now + patience
    while true {
      do {
        return try ListeningSocket(binding: place)
      } catch let error as SystemError where error.isAddressInUse && ContinuousClock.now < end {
        try await Task.sleep(for: .milliseconds(50))
      }
    }
  }

  /// The socket of an endpoint that may be none; an error names the setting that would change it.
  static func binding(_ place: HostPort?, of setting: Setting) async throws -> ListeningSocket? {
    guard let place else { return nil }
    do {
      return try await binding(place)
    } catch {
      throw CommandError(.failed, "\(error); choose another with '\(setting.flag)', or 'none'")
    }
  }

  /// The same socket under another number, for one who closes it.
  package func duplicate() throws -> Int32 {
    let copy = fcntl(descriptor.number, F_DUPFD_CLOEXEC, 3)
    guard copy >= 0 else { throw SystemError("copy the socket of \(address)") }
    return copy
  }

  private static func port(of descriptor: Descriptor) throws -> UInt16 {
    var storage = sockaddr_storage()
    var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
    let code = unsafe withUnsafeMutablePointer(to: &storage) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        unsafe getsockname(descriptor.number, address, &length)
      }
    }
    guard code == 0 else { throw SystemError("read the port of a socket") }
    // The port is at the same place in sockaddr_in and sockaddr_in6.
    return unsafe withUnsafeBytes(of: &storage) { bytes in unsafe UInt16(bytes[2]) << 8 | UInt16(bytes[3]) }
  }
}
