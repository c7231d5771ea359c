import Glibc
package import NIOCore
import NIOPosix
import Synchronization

/// A model that is compiled twice where that pays: for a call that is alone, which gets every core, and, once calls keep meeting, for several
/// at a time, each of which gets fewer cores and wastes less of them.
///
/// The second is compiled in the background while the first serves on, and let go of when no calls have met for a while, since it costs the
/// model's memory again.
package final class AdaptiveModel: LoadedModel {
  private enum Crowd {
    case absent
    case compiling
    case ready(any LoadedModel)
    /// Not tried again: what the device cannot do now it cannot do under load.
    case failed
  }

  private struct State {
    var crowd = Crowd.absent
    var running = 0
    /// The share of late calls that met another, 0 to 1.
    var meetings = 0.0
    var lastMeeting = NIODeadline.uptimeNanoseconds(0)
  }

  /// Calls that the share of meetings looks back on.
  private static let memory = 32.0
  /// So many calls meet before it pays to compile for them.
  private static let crowdedShare = 0.5
  private static let niceness: Int32 = 10

  package let platform: String
  package let inputs: [TensorDescription]
  package let outputs: [TensorDescription]
  private let alone: any LoadedModel
  private let compileCrowd: @Sendable () throws -> any LoadedModel
  private let idleTime: TimeAmount
  private let state = Mutex(State())

  /// `compileCrowd` compiles the same model for several calls at a time; it takes seconds and is called on a thread that may wait. What it made
  /// goes when no calls have met for `idleTime`.
  package init(
    alone: any LoadedModel,
    idleTime: TimeAmount = .seconds(60),
    compileCrowd: @escaping @Sendable () throws -> any LoadedModel
  ) {
    self.alone = alone
    self.compileCrowd = compileCrowd
    self.idleTime = idleTime
    platform = alone.platform
    inputs = alone.inputs
    outputs = alone.outputs
  }

  /// Two before there is anything for several: or nobody would ever meet.
  package var parallelism: Int {
    state.withLock { state in
      switch state.crowd {
      case .absent, .compiling: max(2, alone.parallelism)
      case .ready(let crowd): max(2, crowd.parallelism)
      case .failed: alone.parallelism
      }
    }
  }

  package func infer(_ inputs: [Tensor], wanted: [Int]) throws -> [Tensor] {
    try run([inputs], wanted: wanted).outputs
  }

  package func run(_ calls: [[Tensor]], wanted: [Int]) throws -> ModelRun {
    let model = begin(now: .now())
    defer { state.withLock { $0.running -= 1 } }
    return try model.run(calls, wanted: wanted)
  }

  // MARK: Choosing

  private func begin(now: NIODeadline) -> any LoadedModel {
    let (model, compiles) = state.withLock { state -> (any LoadedModel, Bool) in
      let meets = state.running > 0
      state.running += 1
      state.meetings += ((meets ? 1 : 0) - state.meetings) / Self.memory
      if meets { state.lastMeeting = now }
      switch state.crowd {
      case .ready(let crowd): return (meets ? crowd : alone, false)
      case .absent where state.meetings > Self.crowdedShare:
        state.crowd = .compiling
        return (alone, true)
      case .absent, .compiling, .failed: return (alone, false)
      }
    }
    if compiles { compile() }
    return model
  }

  private func compile() {
    // A thread of its own, since one that was told to wait behind others stays so. The calls are many, or nobody would compile.
    let thread = NIOThreadPool(numberOfThreads: 1)
    thread.start()
    thread.submit { [weak self] work in
      defer { thread.shutdownGracefully { _ in } }
      guard case .active = work, let self else { return }
      // On Linux 0 is the calling thread, not its process.
      _ = setpriority(Int32(PRIO_PROCESS.rawValue), 0, Self.niceness)
      let made = try? compileCrowd()
      FreedMemory.giveBack()
      state.withLock { $0.crowd = made.map { .ready($0) } ?? .failed }
      if made != nil { lookAgain(after: idleTime) }
    }
  }

  // MARK: Letting go

  private func lookAgain(after time: TimeAmount) {
    MultiThreadedEventLoopGroup.singleton.next().scheduleTask(in: time) { [weak self] in self?.letGoIfIdle(now: .now())
    }
  }

  private func letGoIfIdle(now: NIODeadline) {
    let (gone, rest) = state.withLock { state -> ((any LoadedModel)?, TimeAmount) in
      guard case .ready(let crowd) = state.crowd else { return (nil, idleTime) }
      let rest = state.lastMeeting + idleTime - now
      guard rest <= .zero else { return (nil, rest) }
      state.crowd = .absent
      state.meetings = 0
      return (crowd, .zero)
    }
    guard let gone else { return lookAgain(after: rest) }
    // Freeing takes a while, and calls of the last moment may still hold it: not on an event loop.
    NIOThreadPool.singleton.submit { _ in
      _ = gone
      FreedMemory.giveBack()
    }
  }
}
