import Glibc
package import NIOCore

/// What a client may ask of a connection.
package struct HTTPLimits: Sendable {
  /// Triton's default is the same 64 MiB.
  package var bodyBytes = 64 << 20
  /// What one body may be when decompressed, however short it came.
  package var decompressedBytes = 64 << 20
  /// All bodies together, from their first byte until they are answered. What goes beyond is told to come again.
  package var totalBodyBytes = 512 << 20
  package var headBytes = 32 << 10
  package var headFields = 100
  /// A client that sends or takes nothing for this long in the middle of a request or an answer is cut off.
  package var stall: TimeAmount = .seconds(30)
  /// The longest that a request may take to arrive, however it drips.
  package var arrival: TimeAmount = .minutes(5)
  /// Connections with nothing to do are kept this long.
  package var idle: TimeAmount = .seconds(75)
  /// After the last answer, how long what the client still sends is read and dropped: closing at once would reset the connection
  /// and may take the answer with it.
  package var linger: TimeAmount = .seconds(2)
  package var connections = Self.affordableConnections(4096)
  /// Requests that siblings may be answering for a node that drains.
  package var relays = 256
  /// How long a sibling is waited for at the least, before another is asked.
  package var relayAttempt = RelayPatience.shortestAttempt
  /// When the engine stops, how long an idle connection may still bring a request.
  package var stopGrace: TimeAmount = .milliseconds(100)

  package init() {}

  /// `wanted`, or what the process's limit of open files leaves besides connections to siblings, models and the runtime's own.
  static func affordableConnections(_ wanted: Int) -> Int {
    var files = rlimit()
    guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &files) == 0 else { return min(wanted, 4096) }
    let most = Int(min(files.rlim_cur, 1 << 20))
    return min(wanted, most - min(384, most / 2))
  }
}
