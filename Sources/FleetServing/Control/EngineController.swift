import FleetCore
import FleetWire
import NIOCore
import NIOPosix
import Synchronization

/// Does what the agent asks of its engine.
final class EngineController: Sendable {
  /// The runtime, or why there is none.
  private enum Runtime {
    case opening
    case open(any InferenceEngine)
    case missing(String)
  }

  private let runtime = Mutex(Runtime.opening)
  private let registry: ModelRegistry
  private let handOff: HandOff
  private let serving: any EventLoopGroup
  private let openConnections: @Sendable () -> Int
  private let accept: @Sendable () -> Void
  /// One thread: versions load one after the other, in the order they were asked for.
  private let loader = NIOThreadPool(numberOfThreads: 1)

  /// `open` runs on the loader's thread: it takes a while.
  init(
    registry: ModelRegistry,
    handOff: HandOff,
    serving: any EventLoopGroup,
    openConnections: @escaping @Sendable () -> Int,
    accept: @escaping @Sendable () -> Void,
    open: @escaping @Sendable () throws -> any InferenceEngine
  ) {
    self.registry = registry
    self.handOff = handOff
    self.serving = serving
    self.openConnections = openConnections
    self.accept = accept
    loader.start()
    loader.submit { [self] _ in
      let opened: Runtime
      do {
        opened = .open(try open())
      } catch {
        opened = .missing("\(error)")
      }
      runtime.withLock { $0 = opened }
    }
  }

  func perform(_ command: EngineCommand, on loop: any EventLoop) -> EventLoopFuture<EngineReply> {
    switch command {
    case .activate(let version, let digest, let folder, let withinSeconds):
      let received = ContinuousClock.now
      return loader.runIfActive(eventLoop: loop) { [self] in
        activate(version, digest, folder, received: received, withinSeconds: withinSeconds)
      }
    case .handOff(let siblings, let refusesWhenAlone):
      do throws(EngineError) {
        try handOff.begin(siblings: siblings, refusesWhenAlone: refusesWhenAlone)
        accept()
        return loop.makeSucceededFuture(.done)
      } catch {
        return loop.makeSucceededFuture(.failed(error.message))
      }
    case .serve:
      handOff.end()
      accept()
      return loop.makeSucceededFuture(.done)
    case .report:
      return report(on: loop)
    }
  }

  /// Loads nothing more. A load under way is not waited for.
  func stop() {
    loader.shutdownGracefully { _ in }
  }

  private func activate(
    _ version: ModelVersion,
    _ digest: ModelDigest,
    _ folder: String,
    received: ContinuousClock.Instant,
    withinSeconds: Double
  ) -> EngineReply {
    if let active = registry.find(version.name)?.active, active.version == version, active.digest == digest {
      return .activated(loadMilliseconds: 0)
    }
    let engine: any InferenceEngine
    switch runtime.withLock({ $0 }) {
    case .opening: return .failed("the runtime is not open yet")
    case .missing(let problem): return .failed(problem)
    case .open(let opened): engine = opened
    }
    // The agent has told its operators of a failure by then: serving the version after all would contradict it.
    func isLate() -> Bool { (ContinuousClock.now - received).seconds > withinSeconds }
    let tooLate = EngineReply.failed("took longer than \(Quantity.text(.seconds(min(withinSeconds, 1e6))))")
    guard !isLate() else { return tooLate }
    let start = ContinuousClock.now
    do {
      let served = ServedVersion(version: version, digest: digest, model: try engine.load(folder: folder))
      try served.warmUp()
      guard !isLate() else { return tooLate }
      registry.activate(served)
      return .activated(loadMilliseconds: (ContinuousClock.now - start).milliseconds)
    } catch {
      return .failed("\(error)")
    }
  }

  /// Asks every serving loop for a sign of life before it answers: an engine whose loops hang must not report that all is well.
  private func report(on loop: any EventLoop) -> EventLoopFuture<EngineReply> {
    let signs = serving.makeIterator().map { $0.submit {} }
    return EventLoopFuture.andAllSucceed(signs, on: loop).map { [self] in .report(currentReport) }
  }

  private var currentReport: EngineReport {
    var report = EngineReport(models: registry.statuses, openConnections: openConnections())
    switch runtime.withLock({ $0 }) {
    case .opening: break
    case .missing(let problem): report.problem = problem
    case .open(let engine):
      report.runtime = engine.runtime
      report.device = engine.device
      report.devices = engine.devices
    }
    return report
  }
}
