package import NIOCore

/// What a client may ask of a connection.
package struct HTTPLimits: Sendable {
  /// Triton's default is the same 64 MiB.
  package var bodyBytes = 64 << 20
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
  package var connections = 4096
  /// When the engine stops, how long an idle connection may still bring a request.
  package var stopGrace: TimeAmount = .milliseconds(100)

  package init() {}
}
