import FleetCore
import FleetWire
import NIOCore
import NIOPosix
import Synchronization

/// Does what the agent asks of its engine.
final class EngineController: Sendable {
  private struct Evaluation {
    var isUnderWay = false
    var task: Task<Void, Never>?
  }

  private let loader: ModelLoader
  private let service: InferenceService
  private let handOff: HandOff
  private let serving: any EventLoopGroup
  private let census: ConnectionCensus
  private let accept: @Sendable () -> Void
  private let evaluator: GoldenEvaluator
  private let evaluation = Mutex(Evaluation())

  init(
    loader: ModelLoader,
    service: InferenceService,
    handOff: HandOff,
    serving: any EventLoopGroup,
    census: ConnectionCensus,
    accept: @escaping @Sendable () -> Void
  ) {
    self.loader = loader
    self.service = service
    self.handOff = handOff
    self.serving = serving
    self.census = census
    self.accept = accept
    evaluator = GoldenEvaluator(service: service)
  }

  func perform(_ command: EngineCommand, on loop: any EventLoop) -> EventLoopFuture<EngineReply> {
    switch command {
    case .activate(let version, let digest, let folder, let options, let withinSeconds, let freesFirst):
      let deadline = ContinuousClock.now + .seconds(min(withinSeconds, 1e6))
      let entry = CatalogEntry(version: version, digest: digest, folder: folder, isActive: true, options: options)
      return loader.inTurn(on: loop) { [self] in
        activate(entry, by: deadline, seconds: withinSeconds, freesFirst: freesFirst)
      }
    case .evaluate(let version, let digest, let folder, let withinSeconds):
      let deadline = NIODeadline.now() + .nanoseconds(Int64(max(0, min(withinSeconds, 1e6)) * 1e9))
      return evaluate(on: loop) { [evaluator] in
        await evaluator.evaluate(version, digest: digest, folder: folder, by: deadline, on: loop)
      }
    case .catalog(let entries):
      loader.know(entries)
      return loop.makeSucceededFuture(.done)
    case .handOff(let siblings, let refusesWhenAlone, let trialShare):
      do throws(EngineError) {
        try handOff.begin(siblings: siblings, refusesWhenAlone: refusesWhenAlone, trialShare: trialShare)
        accept()
        return loop.makeSucceededFuture(.done)
      } catch {
        return loop.makeSucceededFuture(.failed(error.message))
      }
    case .cut(let seconds): return cut(within: .nanoseconds(Int64(max(0, min(seconds, 1e6)) * 1e9)), on: loop)
    case .serve: return serve(on: loop)
    case .report:
      return report(on: loop)
    }
  }

  /// Warms the models before it takes requests back from siblings: whoever has not computed for hours is slow at first.
  private func serve(on loop: any EventLoop) -> EventLoopFuture<EngineReply> {
    guard handOff.isOn else {
      accept()
      return loop.makeSucceededFuture(.done)
    }
    let order = handOff.orders
    return NIOThreadPool.singleton.runIfActive(eventLoop: loop) { [self] in
      service.warmUp()
      handOff.end(ifStill: order)
      accept()
      return .done
    }
  }

  /// What each serving loop has in flight is cut off there.
  private func cut(within patience: TimeAmount, on loop: any EventLoop) -> EventLoopFuture<EngineReply> {
    let since = handOff.since
    let cuts = serving.makeIterator().map { [census] serving in
      serving.flatSubmit { census.cut(on: serving, handingOff: since, within: patience) }
    }
    return EventLoopFuture.whenAllSucceed(cuts, on: loop).map { .cut(EngineCut($0.flatMap { $0 })) }
  }

  /// One at a time: each leaves clients their room, several together would not.
  private func evaluate(
    on loop: any EventLoop,
    _ work: @escaping @Sendable () async -> EngineReply
  ) -> EventLoopFuture<EngineReply> {
    let promise = loop.makePromise(of: EngineReply.self)
    let isBusy = evaluation.withLock { evaluation in
      if evaluation.isUnderWay { return true }
      evaluation.isUnderWay = true
      evaluation.task = Task {
        let reply = await work()
        self.evaluation.withLock { $0.isUnderWay = false }
        promise.succeed(reply)
      }
      return false
    }
    if isBusy { promise.succeed(.refused(.conflict, "a golden set is being answered already; try again after it")) }
    return promise.futureResult
  }

  /// Ends a golden set that is under way, and returns when it has been told of.
  func stop() async {
    let task = evaluation.withLock { $0.task }
    task?.cancel()
    await task?.value
  }

  private func activate(
    _ entry: CatalogEntry,
    by deadline: ContinuousClock.Instant,
    seconds: Double,
    freesFirst: Bool
  ) -> EngineReply {
    if let active = service.registry.find(entry.version.name)?.active, active.version == entry.version,
      active.digest == entry.digest
    {
      return .activated(loadMilliseconds: 0)
    }
    do throws(EngineError) {
      if freesFirst { try loader.free(entry.version.name, by: deadline) }
      return .activated(loadMilliseconds: try loader.activate(entry, by: deadline).milliseconds)
    } catch {
      let isLate = ContinuousClock.now > deadline
      return .failed(isLate ? "took longer than \(Quantity.text(.seconds(min(seconds, 1e6))))" : error.message)
    }
  }

  /// Asks every serving loop for a sign of life before it answers: an engine whose loops hang must not report that all is well.
  private func report(on loop: any EventLoop) -> EventLoopFuture<EngineReply> {
    let since = handOff.since
    let signs = serving.makeIterator().map { [census] serving in
      serving.submit { census.tally(on: serving, handingOff: since) }
    }
    return EventLoopFuture.whenAllSucceed(signs, on: loop).map { [self] tallies in
      var flights = FlightTally()
      for tally in tallies { flights.add(tally) }
      return .report(report(flights))
    }
  }

  private func report(_ flights: FlightTally) -> EngineReport {
    let registry = service.registry
    var report = EngineReport(models: registry.statuses, openConnections: census.count)
    report.flights = EngineFlights(count: flights.count, oldest: flights.oldest)
    if handOff.isOn { report.handOff = handOff.traffic.current }
    report.versions = registry.all.map { served in
      let isActive = registry.find(served.version.name)?.active === served
      return VersionStatus(
        version: served.version,
        digest: served.digest,
        isActive: isActive,
        counts: VersionCounts(served.statistics.current)
      )
    }
    report.computing = service.computing.running().map { running in
      EngineComputation(version: running.version, seconds: running.seconds, limitSeconds: running.limitSeconds)
    }
    switch loader.runtime {
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

extension VersionCounts {
  fileprivate init(_ counts: VersionStatistics.Counts) {
    self.init()
    inferences = counts.inferences
    executions = counts.executions
    success = Sum(counts.success)
    failure = Sum(counts.failure)
    rejected = counts.rejected
    cancelled = counts.cancelled
    queue = Sum(counts.queue)
    input = Sum(counts.input)
    infer = Sum(counts.infer)
    output = Sum(counts.output)
  }
}

extension VersionCounts.Sum {
  fileprivate init(_ sum: VersionStatistics.Sum) {
    self.init(count: sum.count, nanoseconds: sum.nanoseconds)
  }
}
