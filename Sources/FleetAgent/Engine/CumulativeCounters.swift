package import FleetCore

/// Makes the counters of successive engine processes one: a frame's counters never go back while the agent lives.
/// What an engine did between its last report and its death is lost.
package struct CumulativeCounters: Sendable, Equatable {
  /// What engines that are gone had done, by model name.
  private var base: [String: ModelStatus] = [:]
  private var latest: [String: ModelStatus] = [:]
  private var versionBase: [ModelVersion: VersionStatus] = [:]
  private var latestVersions: [ModelVersion: VersionStatus] = [:]

  /// More versions are not counted: of those that are not served any more the ones of lower numbers go first.
  static let maximumVersions = 256

  package init() {}

  /// Takes a report of the engine that runs now. False when it is older than what is known already: an engine's own counters never go
  /// back, but answers to two questions may change places on their way.
  package mutating func report(_ models: [ModelStatus], versions: [VersionStatus] = []) -> Bool {
    let isOld = models.contains { model in latest[model.name].map { Self.wentBack(model, since: $0) } ?? false }
    guard !isOld else { return false }
    for model in models { latest[model.name] = model }
    for version in latestVersions.keys { latestVersions[version]?.isActive = false }
    for version in versions { latestVersions[version.version] = version }
    forgetVersions(besides: Set(versions.map(\.version)))
    return true
  }

  /// The engine is gone: what it had done is added to the base.
  package mutating func engineEnded() {
    for model in latest.values { retire(model) }
    latest = [:]
    for (version, status) in latestVersions {
      versionBase[version] = versionBase[version].map { Self.sum($0, status) } ?? status
    }
    latestVersions = [:]
  }

  /// Every model that was served since the agent started, with all that was done under its name.
  package var models: [ModelStatus] {
    Set(base.keys).union(latest.keys).sorted().compactMap { name in
      switch (base[name], latest[name]) {
      case (let older?, let newer?): Self.sum(older, newer)
      case (let older, let newer): newer ?? older
      }
    }
  }

  /// The same of every version.
  package var versions: [VersionStatus] {
    Set(versionBase.keys).union(latestVersions.keys).sorted().compactMap { version in
      switch (versionBase[version], latestVersions[version]) {
      case (let older?, let newer?): Self.sum(older, newer)
      case (let older, let newer): newer ?? older
      }
    }
  }

  /// Rows that all versions computed.
  package var inferences: UInt64 {
    versionBase.values.reduce(0) { $0 + $1.counts.inferences }
      + latestVersions.values.reduce(0) { $0 + $1.counts.inferences }
  }

  private mutating func forgetVersions(besides served: Set<ModelVersion>) {
    let known = Set(versionBase.keys).union(latestVersions.keys)
    guard known.count > Self.maximumVersions else { return }
    for version in known.subtracting(served).sorted(by: { $0.number < $1.number }).prefix(
      known.count - Self.maximumVersions
    ) {
      versionBase[version] = nil
      latestVersions[version] = nil
    }
  }

  private static func sum(_ older: VersionStatus, _ newer: VersionStatus) -> VersionStatus {
    var sum = newer
    sum.counts = newer.counts.adding(older.counts)
    return sum
  }

  /// `models` of the newest report, with everything that earlier engines had done.
  package func total(_ models: [ModelStatus]) -> [ModelStatus] {
    models.map { model in base[model.name].map { Self.sum($0, model) } ?? model }
  }

  /// All models together, for the health rules: requests, errors and their latencies.
  package var sum: (requests: UInt64, errors: UInt64, latency: LatencyHistogram) {
    let all = Array(base.values) + Array(latest.values)
    return (
      all.reduce(0) { $0 + $1.requests },
      all.reduce(0) { $0 + $1.errors },
      LatencyHistogram(all.flatMap(\.latency.buckets))
    )
  }

  /// Requests handed to siblings by all engines of this agent.
  package var handedOff: UInt64 {
    (Array(base.values) + Array(latest.values)).reduce(0) { $0 + $1.handedOff }
  }

  private mutating func retire(_ model: ModelStatus) {
    base[model.name] = base[model.name].map { Self.sum($0, model) } ?? model
  }

  private static func wentBack(_ model: ModelStatus, since before: ModelStatus) -> Bool {
    model.requests < before.requests || model.errors < before.errors || model.handedOff < before.handedOff
      || model.latency.since(before.latency) == nil
  }

  /// Counters of both, everything else as `newer` has it.
  private static func sum(_ older: ModelStatus, _ newer: ModelStatus) -> ModelStatus {
    var sum = newer
    sum.requests += older.requests
    sum.errors += older.errors
    sum.handedOff += older.handedOff
    sum.refusedFull += older.refusedFull
    sum.refusedLate += older.refusedLate
    sum.latency = older.latency.merged(with: newer.latency)
    sum.queueTime = older.queueTime.merged(with: newer.queueTime)
    sum.computeTime = older.computeTime.merged(with: newer.computeTime)
    return sum
  }
}
