import FleetCore
import FleetWire
import Glibc
import NIOCore
import NIOPosix
import Synchronization

/// Brings versions from the agent's repository into the registry and takes them out again, one after the other, in the order in which it
/// was asked, while everything else goes on.
final class ModelLoader: Sendable {
  /// The runtime, or why there is none.
  enum Runtime {
    case opening
    case open(any InferenceEngine)
    case missing(String)
  }

  let registry: ModelRegistry
  let allowsControl: Bool
  private let recorder: FlightRecorder?
  let catalog = Mutex(ModelCatalog())
  private let opened = Mutex(Runtime.opening)
  /// Clients' calls that are not done yet.
  let asked = Atomic(0)
  private let threads = NIOThreadPool(numberOfThreads: 1)

  /// `open` runs on the loader's thread: it takes a while. With `allowsControl` clients may load and unload. What is loaded is noted by
  /// `recorder`.
  init(
    registry: ModelRegistry,
    allowsControl: Bool = true,
    recorder: FlightRecorder? = nil,
    open: @escaping @Sendable () throws -> any InferenceEngine
  ) {
    self.registry = registry
    self.allowsControl = allowsControl
    self.recorder = recorder
    threads.start()
    threads.submit { [self] _ in
      let result: Runtime
      do {
        result = .open(try open())
      } catch {
        result = .missing("\(error)")
      }
      opened.withLock { $0 = result }
    }
  }

  var runtime: Runtime { opened.withLock { $0 } }

  /// Loads nothing more. A load under way is not waited for.
  func stop() {
    threads.shutdownGracefully { _ in }
  }

  /// On the loader's thread, when its turn has come.
  func inTurn<Value: Sendable>(
    on loop: any EventLoop,
    _ work: @escaping @Sendable () -> Value
  ) -> EventLoopFuture<Value> {
    threads.runIfActive(eventLoop: loop, work)
  }

  /// What the repository holds now: versions that it has lost or that need not answer any more go, those that should answer come,
  /// in the background.
  func know(_ entries: [CatalogEntry]) {
    catalog.withLock { $0.replace(entries) }
    threads.submit { [self] _ in
      registry.drop { version in catalog.withLock { $0.isWantedBeside(version) } }
    }
    for name in catalog.withLock({ $0.names }) { loadBesides(name) }
  }

  /// Brings what should answer beside the active version of `name` and does not yet.
  func loadBesides(_ name: String) {
    for entry in catalog.withLock({ $0.wantedBesides(name) }) {
      threads.submit { [self] _ in
        // Both may have changed while this waited for its turn.
        guard catalog.withLock({ $0.isWantedBeside(entry.version) }), let served = registry.find(name)?.active,
          served.version != entry.version,
          registry.find(name, version: entry.version.number)?.active.digest != entry.digest
        else { return }
        do throws(EngineError) {
          registry.add(try load(entry))
          catalog.withLock { $0.finishedLoading(entry.version, problem: nil) }
        } catch {
          catalog.withLock { $0.finishedLoading(entry.version, problem: error.message) }
        }
      }
    }
  }

  /// Has `entry` answer for its model, unless that is not before `deadline`. Only on the loader's thread. Answers how long it took.
  func activate(_ entry: CatalogEntry, by deadline: ContinuousClock.Instant) throws(EngineError) -> Duration {
    let start = ContinuousClock.now
    do throws(EngineError) {
      guard start <= deadline else { throw Self.tooLate }
      let served = try load(entry)
      // The agent has told its operators of a failure by then: serving the version after all would contradict it.
      guard ContinuousClock.now <= deadline else { throw Self.tooLate }
      registry.activate(served) { number in
        catalog.withLock { $0.isWantedBeside(ModelVersion(name: entry.version.name, number: number)) }
      }
      catalog.withLock { $0.finishedLoading(entry.version, problem: nil) }
      return ContinuousClock.now - start
    } catch {
      catalog.withLock { $0.finishedLoading(entry.version, problem: error.message) }
      throw error
    }
  }

  /// Serves no version of `name` any more, and waits until their memory is free: requests on them finish first. Only on the loader's
  /// thread.
  func free(_ name: String, by deadline: ContinuousClock.Instant) throws(EngineError) {
    let versions = registry.versions(of: name).map(WeakVersion.init)
    registry.remove(name)
    while versions.contains(where: { $0.version != nil }) {
      guard ContinuousClock.now < deadline else {
        throw EngineError("requests on the version before did not finish in time")
      }
      usleep(2000)
    }
    FreedMemory.giveBack()
  }

  private struct WeakVersion {
    private(set) weak var version: ServedVersion?

    init(_ version: ServedVersion) { self.version = version }
  }

  private static let tooLate = EngineError("it took too long")

  /// Loads and warms; only on the loader's thread.
  private func load(_ entry: CatalogEntry) throws(EngineError) -> ServedVersion {
    let engine: any InferenceEngine
    switch runtime {
    case .opening: throw EngineError("the runtime is not open yet")
    case .missing(let problem): throw EngineError(problem)
    case .open(let opened): engine = opened
    }
    catalog.withLock { $0.beganLoading(entry.version) }
    recorder?.loads(Array("\(entry.version)".utf8))
    // Compiling takes a multiple of what the compiled model keeps; the rest goes back to the machine.
    defer {
      recorder?.loads([])
      FreedMemory.giveBack()
    }
    do {
      let served = ServedVersion(
        version: entry.version,
        digest: entry.digest,
        model: try engine.load(folder: entry.folder, options: entry.options),
        options: entry.options,
        statistics: registry.statistics(of: entry.version)
      )
      try served.warmUp()
      return served
    } catch {
      throw EngineError("\(error)")
    }
  }
}
