package import FleetCore
package import NIOCore
import Synchronization

/// Counts what is done under one model's name, from version to version, until the engine ends.
package final class ModelMeter: Sendable {
  private struct Counts {
    var requests: UInt64 = 0
    var errors: UInt64 = 0
    var inFlight: UInt64 = 0
    var queued: UInt64 = 0
    var handedOff: UInt64 = 0
    var refusedFull: UInt64 = 0
    var refusedLate: UInt64 = 0
    var latency = LatencyRecorder()
    var queueTime = LatencyRecorder()
    var computeTime = LatencyRecorder()
  }

  private let counts = Mutex(Counts())

  package init() {}

  /// A request was read completely at `received`; `answered` on the ticket must follow, once.
  package func began(received: NIODeadline) -> RequestTicket {
    counts.withLock { $0.inFlight += 1 }
    return RequestTicket(meter: self, received: received)
  }

  fileprivate func answered(after latency: TimeAmount, isError: Bool) {
    counts.withLock { counts in
      counts.inFlight -= 1
      counts.requests += 1
      if isError { counts.errors += 1 }
      counts.latency.record(microseconds: latency.wholeMicroseconds)
    }
  }

  /// A sibling answered a request in our place.
  package func handedOff() {
    counts.withLock { $0.handedOff += 1 }
  }

  /// A sibling answered one that had begun here.
  fileprivate func handedOver() {
    counts.withLock { counts in
      counts.inFlight -= 1
      counts.handedOff += 1
    }
  }

  /// A request was refused: it had waited too long, or would have, or too many waited before it.
  func refused(isLate: Bool) {
    counts.withLock { counts in
      if isLate { counts.refusedLate += 1 } else { counts.refusedFull += 1 }
    }
  }

  func queued() {
    counts.withLock { $0.queued += 1 }
  }

  func dequeued() {
    counts.withLock { $0.queued -= 1 }
  }

  func computed(queueTime: TimeAmount, computeTime: TimeAmount) {
    counts.withLock { counts in
      counts.queueTime.record(microseconds: queueTime.wholeMicroseconds)
      counts.computeTime.record(microseconds: computeTime.wholeMicroseconds)
    }
  }

  var inFlight: UInt64 { counts.withLock { $0.inFlight } }

  package func status(of version: ModelVersion, digest: ModelDigest) -> ModelStatus {
    let counts = counts.withLock { $0 }
    return ModelStatus(
      name: version.name,
      version: version.number,
      digest: digest,
      requests: counts.requests,
      errors: counts.errors,
      inFlight: counts.inFlight,
      queued: counts.queued,
      handedOff: counts.handedOff,
      refusedFull: counts.refusedFull,
      refusedLate: counts.refusedLate,
      latency: counts.latency.snapshot,
      queueTime: counts.queueTime.snapshot,
      computeTime: counts.computeTime.snapshot
    )
  }
}

/// One request in flight.
package struct RequestTicket: Sendable {
  let meter: ModelMeter
  let received: NIODeadline

  /// The first byte of the answer is written, or nobody is there to read it.
  func answered(isError: Bool) {
    meter.answered(after: NIODeadline.now() - received, isError: isError)
  }

  /// Instead of `answered`.
  func handedOver() {
    meter.handedOver()
  }
}

extension TimeAmount {
  fileprivate var wholeMicroseconds: UInt64 { UInt64(max(0, nanoseconds / 1000)) }
}
