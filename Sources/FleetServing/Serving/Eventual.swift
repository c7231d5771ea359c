package import NIOCore

/// An answer that is there already, or will be on the event loop it was asked for on. Most are there already, and a future for
/// those would cost more than they do.
package enum Eventual<Value: Sendable>: Sendable {
  case now(Value)
  case later(EventLoopFuture<Value>)

  package func map<Other: Sendable>(_ transform: @escaping @Sendable (Value) -> Other) -> Eventual<Other> {
    switch self {
    case .now(let value): .now(transform(value))
    case .later(let future): .later(future.map(transform))
    }
  }

  /// The same as a future on `loop`.
  package func future(on loop: any EventLoop) -> EventLoopFuture<Value> {
    switch self {
    case .now(let value): loop.makeSucceededFuture(value)
    case .later(let future): future.hop(to: loop)
    }
  }
}
