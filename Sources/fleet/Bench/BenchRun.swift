import FleetCore
import NIOCore
import NIOPosix

/// Measures one load: warms up, then counts for a while.
struct BenchRun: Sendable {
  var target: BenchTarget
  var call: BenchTarget.Call
  var load: BenchDriver.Load
  var duration: Duration
  /// The server's process, if it is on this machine.
  var pid: Int32?
  /// What the node says of its accelerators' energy so far.
  var energy: @Sendable () -> EnergySample?

  private static let longestWarmUp = Duration.seconds(1)

  struct Window: Sendable {
    var ledger: BenchLedger
    var seconds: Double
    var serverSeconds: Double?
    var clientSeconds: Double
    var energy: (before: EnergySample, after: EnergySample)?
  }

  /// One thread makes all calls: a second one would only take the core that the server computes on.
  func measure(on loop: any EventLoop) async throws -> Window {
    let clock = ContinuousClock()
    let driver = try await loop.submit { NIOLoopBound(BenchDriver(target, call, load, on: loop), eventLoop: loop) }
      .get()
    do {
      try await loop.flatSubmit { driver.value.start() }.get()
      try await clock.sleep(for: min(Self.longestWarmUp, duration / 5))
      let (server, client, before) = (cpuSeconds, BenchProcess.ownSeconds(), energy())
      let began = clock.now
      _ = try await loop.submit { driver.value.turn() }.get()
      try await clock.sleep(for: duration)
      let ledger = try await loop.submit { driver.value.turn() }.get()
      let seconds = (clock.now - began).seconds
      let (serverAfter, clientAfter, after) = (cpuSeconds, BenchProcess.ownSeconds(), energy())
      try await stop(driver, on: loop)
      return Window(
        ledger: ledger,
        seconds: seconds,
        serverSeconds: server.flatMap { before in serverAfter.map { $0 - before } },
        clientSeconds: clientAfter - client,
        energy: before.flatMap { before in after.map { (before, $0) } }
      )
    } catch {
      try? await stop(driver, on: loop)
      throw error
    }
  }

  private var cpuSeconds: Double? { pid.flatMap { BenchProcess.cpuSeconds(of: $0) } }

  private func stop(_ driver: NIOLoopBound<BenchDriver>, on loop: any EventLoop) async throws {
    try await loop.flatSubmit { driver.value.stop() }.get()
  }
}

/// What a node's accelerators had used at a moment.
struct EnergySample: Sendable {
  /// Seconds by the node's clock.
  var time: Double
  /// All accelerators together, since the agent started.
  var joules: Reading
}
