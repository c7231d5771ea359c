package import NIOCore

/// What a client may ask of a gRPC connection, besides what `HTTPLimits` says for REST and gRPC alike.
package struct GRPCLimits: Sendable {
  /// Calls at the same time on one connection. More end the connection: clients are told the number at its beginning.
  package var streams = 256
  /// What a client may send ahead, on a connection and in one call. Large enough for a line of 100 Mbit/s and 100 ms.
  package var connectionWindow = 8 << 20
  package var streamWindow = 2 << 20
  package var frameBytes = 256 << 10
  /// Longer than for REST: gRPC's clients keep connections, and are told when one goes.
  package var idle: TimeAmount = .minutes(10)
  /// Calls that a client may withdraw in `rateWindow`, on one connection. One with short deadlines at a server that is busy
  /// withdraws each; one that does little else is costly, and is cut off. NIO keeps a time for each.
  package var resets = 1000
  /// Pings and settings in `rateWindow`; gRPC's own clients send ten of them at most.
  package var controlFrames = 100
  package var rateWindow: TimeAmount = .seconds(1)
  /// How often those who watch the health are told of a change at the latest.
  package var watchInterval: TimeAmount = .milliseconds(250)

  package init() {}
}
