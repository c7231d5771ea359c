import NIOCore
import Synchronization

/// The connections that a server has now, to be cut at once when it must not wait for them.
final class OpenConnections: Sendable {
  private struct State {
    var isCut = false
    var channels: [ObjectIdentifier: any Channel] = [:]
  }

  private let state = Mutex(State())

  /// Keeps it until it closes. One that comes after the cut is cut as well.
  func add(_ channel: any Channel) {
    let id = ObjectIdentifier(channel)
    let isLate = state.withLock { state in
      if !state.isCut { state.channels[id] = channel }
      return state.isCut
    }
    if isLate { return channel.close(promise: nil) }
    channel.closeFuture.whenComplete { [weak self] _ in
      self?.state.withLock { _ = $0.channels.removeValue(forKey: id) }
    }
  }

  func cut() {
    let channels = state.withLock { state in
      state.isCut = true
      return Array(state.channels.values)
    }
    for channel in channels { channel.close(promise: nil) }
  }
}
