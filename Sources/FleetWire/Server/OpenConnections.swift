import NIOCore
import Synchronization

/// The connections that a server has now, to be cut at once when it must not wait for them.
final class OpenConnections: Sendable {
  private struct State {
    var isCut = false
    var channels: [ObjectIdentifier: any Channel] = [:]
  }

  private let state = Mutex(State())
  /// Ends when a cut has been made and no connection is left.
  let allClosed: AsyncStream<Never>
  private let end: AsyncStream<Never>.Continuation

  init() {
    (allClosed, end) = AsyncStream.makeStream(of: Never.self)
  }

  /// Keeps it until it closes. One that comes after the cut is cut as well.
  func add(_ channel: any Channel) {
    let id = ObjectIdentifier(channel)
    let isLate = state.withLock { state in
      if !state.isCut { state.channels[id] = channel }
      return state.isCut
    }
    if isLate { return channel.close(promise: nil) }
    channel.closeFuture.whenComplete { [weak self] _ in
      self?.forget(id)
    }
  }

  func cut() {
    let channels = state.withLock { state in
      state.isCut = true
      return Array(state.channels.values)
    }
    if channels.isEmpty { end.finish() }
    for channel in channels { channel.close(promise: nil) }
  }

  private func forget(_ id: ObjectIdentifier) {
    let isLast = state.withLock { state in
      state.channels[id] = nil
      return state.isCut && state.channels.isEmpty
    }
    if isLast { end.finish() }
  }
}
