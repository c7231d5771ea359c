/// One model as it is served: what is loaded and what it has done. All counts are cumulative since the engine started.
package struct ModelStatus: Sendable, Equatable, Codable {
  package var name: String
  package var version: Int
  /// Digest of what is loaded, not of what was asked for.
  package var digest: ModelDigest
  /// Whether this version has yet to serve its probation.
  package var isProvisional: Bool
  /// Requests answered, well or not.
  package var requests: UInt64
  /// Requests answered with an error that was not the client's.
  package var errors: UInt64
  /// Read completely and not yet answered.
  package var inFlight: UInt64
  /// Of those, waiting for the engine.
  package var queued: UInt64
  /// Requests handed to a sibling while draining.
  package var handedOff: UInt64
  /// Requests refused because too many waited already. They count as errors too.
  package var refusedFull: UInt64
  /// Requests refused because they waited, or would have waited, longer than they may. They count as errors too.
  package var refusedLate: UInt64
  /// From the last byte of a request read to the first byte of its answer written.
  package var latency: LatencyHistogram
  /// The part of it spent waiting for the engine.
  package var queueTime: LatencyHistogram
  /// The part of it spent in the engine.
  package var computeTime: LatencyHistogram

  package init(
    name: String,
    version: Int,
    digest: ModelDigest,
    isProvisional: Bool = false,
    requests: UInt64 = 0,
    errors: UInt64 = 0,
    inFlight: UInt64 = 0,
    queued: UInt64 = 0,
    handedOff: UInt64 = 0,
    refusedFull: UInt64 = 0,
    refusedLate: UInt64 = 0,
    latency: LatencyHistogram = LatencyHistogram(),
    queueTime: LatencyHistogram = LatencyHistogram(),
    computeTime: LatencyHistogram = LatencyHistogram()
  ) {
    self.name = name
    self.version = version
    self.digest = digest
    self.isProvisional = isProvisional
    self.requests = requests
    self.errors = errors
    self.inFlight = inFlight
    self.queued = queued
    self.handedOff = handedOff
    self.refusedFull = refusedFull
    self.refusedLate = refusedLate
    self.latency = latency
    self.queueTime = queueTime
    self.computeTime = computeTime
  }
}
