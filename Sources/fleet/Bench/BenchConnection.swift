import NIOCore

/// How a call ended.
enum CallOutcome: Equatable {
  case answered
  /// The server said that it has too much to do: 503, UNAVAILABLE or RESOURCE_EXHAUSTED.
  case refused(String)
  /// Another error of the server's.
  case failed(String)
  /// The connection ended before the answer was complete, or the answer took too long.
  case lost(String)
}

/// A connection that carries calls. Lives on its event loop, as does its observer.
protocol BenchConnection: AnyObject {
  /// Whether it takes calls. Once false it stays so, and the observer hears that it is closed.
  var isOpen: Bool { get }
  /// Sends the request. `since` is when the caller wanted it sent, which is what its latency counts from.
  func call(since: NIODeadline)
  /// Ends the connection if a call on it was begun before `limit`.
  func expire(before limit: NIODeadline)
  func close()
}

/// Who is told of a connection's calls.
protocol BenchObserver: AnyObject {
  /// The connection takes calls now.
  func opened(_ connection: any BenchConnection)
  /// `body` is what the server sent, for whoever wants to look.
  func ended(_ connection: any BenchConnection, since: NIODeadline, _ outcome: CallOutcome, body: ByteBuffer)
  /// The connection is gone; its calls were told as lost before.
  func closed(_ connection: any BenchConnection)
}
