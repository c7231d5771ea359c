import NIOCore

/// Keeps calls going on one event loop: a closed loop, in which each answer brings the next call, or an open one, in which calls
/// come at a fixed rate whatever becomes of those before. What breaks is connected again.
final class BenchDriver: BenchObserver {
  struct Load: Sendable {
    var connections: Int
    var callsPerConnection: Int
    /// Calls per second of an open loop; nil for a closed one.
    var rate: Double?
    /// A call that has no answer after this is lost.
    var patience: TimeAmount
  }

  private static let tick: TimeAmount = .milliseconds(1)
  private static let shortestPause = 10.0
  private static let longestPause = 1000.0

  private let target: BenchTarget
  private let call: BenchTarget.Call
  private let load: Load
  private let loop: any EventLoop
  private var connections: [any BenchConnection] = []
  /// An open loop's connections, each as often as it can take another call.
  private var free: [any BenchConnection] = []
  private var ledger = BenchLedger()
  private var isStopping = false
  private var tasks: [RepeatedTask] = []
  private var began = NIODeadline.now()
  private var due = 0
  private var failuresInRow = 0
  private let started: EventLoopPromise<Void>
  private var stopped: EventLoopPromise<Void>?

  init(_ target: BenchTarget, _ call: BenchTarget.Call, _ load: Load, on loop: any EventLoop) {
    self.target = target
    self.call = call
    self.load = load
    self.loop = loop
    started = loop.makePromise()
  }

  /// Connects, and starts the calls as connections open. Fails when the first connections cannot be made.
  func start() -> EventLoopFuture<Void> {
    for _ in 0..<load.connections { connect() }
    let bound = NIOLoopBound(self, eventLoop: loop)
    began = .now()
    tasks.append(
      loop.scheduleRepeatedTask(initialDelay: .milliseconds(100), delay: .milliseconds(100)) { _ in
        let driver = bound.value
        for connection in driver.connections { connection.expire(before: .now() - driver.load.patience) }
      }
    )
    if load.rate != nil {
      tasks.append(loop.scheduleRepeatedTask(initialDelay: Self.tick, delay: Self.tick) { _ in bound.value.sendDue() })
    }
    return started.futureResult
  }

  /// Begins a new window and gives what became of the one before.
  func turn() -> BenchLedger {
    defer { ledger = BenchLedger() }
    return ledger
  }

  /// Ends all connections.
  func stop() -> EventLoopFuture<Void> {
    isStopping = true
    for task in tasks { task.cancel() }
    let promise = loop.makePromise(of: Void.self)
    stopped = promise
    started.succeed(())
    for connection in connections { connection.close() }
    if connections.isEmpty { promise.succeed(()) }
    return promise.futureResult
  }

  func opened(_ connection: any BenchConnection) {
    failuresInRow = 0
    connections.append(connection)
    guard !isStopping else { return connection.close() }
    if connections.count == load.connections { started.succeed(()) }
    for _ in 0..<load.callsPerConnection {
      if load.rate == nil { connection.call(since: .now()) } else { free.append(connection) }
    }
  }

  func ended(_ connection: any BenchConnection, since: NIODeadline, _ outcome: CallOutcome, body: ByteBuffer) {
    let now = NIODeadline.now()
    if !isStopping { ledger.record(outcome, took: now - since) }
    guard connection.isOpen, !isStopping else { return }
    if load.rate == nil { connection.call(since: now) } else { free.append(connection) }
  }

  func closed(_ connection: any BenchConnection) {
    connections.removeAll { $0 === connection }
    free.removeAll { $0 === connection }
    if isStopping {
      if connections.isEmpty { stopped?.succeed(()) }
    } else {
      failuresInRow += 1
      pauseAndConnect()
    }
  }

  private func connect() {
    guard !isStopping else { return }
    let bound = NIOLoopBound(self, eventLoop: loop)
    let observer = NIOLoopBound<any BenchObserver>(self, eventLoop: loop)
    target.connect(call, on: loop, observer: observer).whenFailure { error in
      let driver = bound.value
      let reason = driver.target.unreachable(error)
      driver.started.fail(reason)
      driver.ledger.recordUnconnected(reason.description)
      driver.failuresInRow += 1
      driver.pauseAndConnect()
    }
  }

  /// Connects after a pause that doubles with each failure in a row, with jitter.
  private func pauseAndConnect() {
    let longest = min(Self.longestPause, Self.shortestPause * Double(1 << min(failuresInRow - 1, 10)))
    let pause = TimeAmount.microseconds(Int64(longest * Double.random(in: 500...1000)))
    let bound = NIOLoopBound(self, eventLoop: loop)
    loop.scheduleTask(in: pause) { bound.value.connect() }
  }

  /// Sends what an open loop owes by now; each call's latency counts from the moment that it was due.
  private func sendDue() {
    guard let rate = load.rate else { return }
    let now = NIODeadline.now()
    let owed = Int(Double((now - began).nanoseconds) / 1e9 * rate)
    while due < owed {
      due += 1
      let moment = began + .nanoseconds(Int64(Double(due) / rate * 1e9))
      guard let connection = free.popLast() else {
        ledger.recordUnsent(owed - due + 1)
        due = owed
        return
      }
      connection.call(since: moment)
    }
  }
}
