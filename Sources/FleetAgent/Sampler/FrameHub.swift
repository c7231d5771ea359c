package import FleetCore
import Synchronization

/// Hands frames to whoever watches, each at its own pace, and keeps the last two minutes for those who come later.
package final class FrameHub: Sendable {
  /// Frames kept, one a second.
  package static let historyLimit = 120
  /// More watchers than this are turned away: a node serves a few consoles.
  package static let watcherLimit = 64
  /// A tick this much too early still counts, since clocks are not exact.
  private static let slack = 0.05

  private struct Watcher {
    var interval: Double
    var next: Double
    /// The past is owed, with a frame of now at its end: without one it would be told for news.
    var past: FrameRequest?
    var continuation: AsyncThrowingStream<Frame, any Error>.Continuation
  }

  private struct State {
    var watchers: [Int: Watcher] = [:]
    var nextWatcher = 0
    var history: [Frame] = []
    var historyAt = -Double.infinity
    /// Made last, perhaps since the last of `history`: whoever saw it and asks anew must not be told what was before.
    var latest: Frame?
    var isEnded = false

    /// The past as a watcher gets it, up to now.
    var kept: [Frame] {
      guard let latest, latest.sequence != history.last?.sequence else { return history }
      return history + [latest]
    }
  }

  private let state = Mutex(State())
  /// Called when a watcher has come, who may also want frames sooner than they are made.
  private let onWatcher: Mutex<(@Sendable () -> Void)?> = Mutex(nil)

  package init() {}

  /// Frames at the asked interval: first those of the past with one of now, then each as it is made.
  package func frames(_ request: FrameRequest) -> AsyncThrowingStream<Frame, any Error> {
    // A slow watcher keeps only the newest frame, besides the past it asked for.
    AsyncThrowingStream(bufferingPolicy: .bufferingNewest(max(1, request.history))) { continuation in
      let id = state.withLock { state -> Int? in
        guard !state.isEnded, state.watchers.count < Self.watcherLimit else { return nil }
        let waits = request.history > 0 && self.onWatcher.withLock { $0 != nil }
        if !waits {
          for frame in request.past(of: state.kept) { continuation.yield(frame) }
        }
        state.nextWatcher += 1
        state.watchers[state.nextWatcher] = Watcher(
          interval: request.interval.seconds,
          next: -.infinity,
          past: waits ? request : nil,
          continuation: continuation
        )
        return state.nextWatcher
      }
      guard let id else {
        return continuation.finish(
          throwing: CommandError(.unreachable, "the agent is ending, or has \(Self.watcherLimit) watchers already")
        )
      }
      continuation.onTermination = { [weak self] _ in self?.state.withLock { $0.watchers[id] = nil } }
      onWatcher.withLock { $0 }?()
    }
  }

  /// How often frames are wanted: at least once a second, since health is judged then.
  package var interval: Double {
    state.withLock { state in state.watchers.values.reduce(1) { min($0, $1.interval) } }
  }

  package func onWatcher(_ call: @escaping @Sendable () -> Void) {
    onWatcher.withLock { $0 = call }
  }

  /// Gives a new frame to everyone for whom it is time.
  package func publish(_ frame: Frame, at seconds: Double) {
    let due = state.withLock { state in
      state.latest = frame
      if seconds - state.historyAt >= 1 - Self.slack {
        state.historyAt = seconds
        state.history.append(frame)
        if state.history.count > Self.historyLimit { state.history.removeFirst() }
      }
      var due: [(watcher: Watcher, frames: [Frame])] = []
      for (id, watcher) in state.watchers where seconds >= watcher.next - Self.slack {
        due.append((watcher, watcher.past?.past(of: state.kept) ?? [frame]))
        state.watchers[id]?.past = nil
        // On the beat, unless beats were missed.
        let onBeat = watcher.next + watcher.interval
        state.watchers[id]?.next = onBeat > seconds ? onBeat : seconds + watcher.interval
      }
      return due
    }
    for (watcher, frames) in due {
      for frame in frames { watcher.continuation.yield(frame) }
    }
  }

  /// Gives the past to those who wait for it with a frame of now, when the last frame is as good.
  package func givePast() {
    let waiting = state.withLock { state in
      let waiting = state.watchers.compactMap { id, watcher in
        watcher.past.map { (id, watcher, $0.past(of: state.kept)) }
      }
      for (id, _, _) in waiting { state.watchers[id]?.past = nil }
      return waiting
    }
    for (_, watcher, frames) in waiting {
      for frame in frames { watcher.continuation.yield(frame) }
    }
  }

  /// Ends every stream: the agent goes away.
  package func end() {
    let watchers = state.withLock { state in
      state.isEnded = true
      return state.watchers.values.map(\.continuation)
    }
    for continuation in watchers {
      continuation.finish(throwing: CommandError(.unreachable, "the agent is ending"))
    }
  }
}
