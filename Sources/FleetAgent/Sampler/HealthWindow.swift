package import FleetCore

/// Cumulative counters of the last seconds, to tell what happened within the window that health is judged over.
package struct HealthWindow: Sendable {
  /// What was answered within the window.
  package struct Counts: Sendable, Equatable {
    package var requests: UInt64 = 0
    package var errors: UInt64 = 0
    package var models: [ModelWindow] = []

    /// Of all models.
    package var latency: LatencyHistogram { LatencyHistogram(merging: models.map(\.latency)) }
  }

  private struct Mark {
    var seconds: Double
    var models: [LoadReport.Model]
  }

  private var marks: [Mark] = []

  package init() {}

  /// Takes the counters of now, and says what came since the start of the window.
  package mutating func add(_ models: [LoadReport.Model], at seconds: Double) -> Counts {
    let mark = Mark(seconds: seconds, models: models)
    marks.append(mark)
    // The newest mark that is at least a window old is where the window starts; older ones are not needed.
    if let start = marks.lastIndex(where: { seconds - $0.seconds >= HealthMonitor.windowSeconds - 0.05 }) {
      marks.removeFirst(start)
    }
    guard let counts = counts(of: models) else {
      // The counters began anew.
      marks = [mark]
      return Counts()
    }
    return counts
  }

  /// Nil when a counter went back. What a model did before it was first seen within the window is not known.
  private func counts(of models: [LoadReport.Model]) -> Counts? {
    var counts = Counts()
    for model in models {
      let first = marks.lazy.compactMap { mark in mark.models.first { $0.name == model.name } }.first
      guard let old = first else { continue }
      guard let latency = model.latency.since(old.latency), model.requests >= old.requests else { return nil }
      counts.requests = Self.sum(counts.requests, model.requests - old.requests)
      counts.errors = Self.sum(counts.errors, model.errors >= old.errors ? model.errors - old.errors : 0)
      let version = ModelVersion(name: model.name, number: model.version)
      counts.models.append(ModelWindow(version: version, latency: latency))
    }
    return counts
  }

  /// A sibling may say any number.
  private static func sum(_ left: UInt64, _ right: UInt64) -> UInt64 {
    let (sum, overflow) = left.addingReportingOverflow(right)
    return overflow ? .max : sum
  }
}

extension LoadReport.Model {
  package init(_ model: ModelStatus) {
    self.init(
      name: model.name,
      version: model.version,
      requests: model.requests,
      errors: model.errors,
      inFlight: model.inFlight,
      latency: model.latency
    )
  }
}
