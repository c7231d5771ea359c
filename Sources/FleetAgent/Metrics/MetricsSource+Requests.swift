import FleetCore

/// Requests by model, whatever version answered them.
extension MetricsSource {
  /// Upper bounds of the histogram's buckets, in microseconds.
  private static let bounds: [UInt64] = [
    100, 250, 500, 1000, 2500, 5000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000,
    5_000_000, 10_000_000,
  ]

  func addRequests(to page: inout MetricsPage) {
    func add(_ name: String, _ kind: MetricsPage.Kind, _ help: String, _ value: (ModelStatus) -> UInt64) {
      let models = kind == .gauge ? (isStale ? [] : frame.models) : self.models
      page.add(name, kind, help, models.map { MetricsPage.Sample(Double(value($0)), [("model", $0.name)]) })
    }
    add("fleet_requests", .counter, "Requests answered, well or not") { $0.requests }
    add("fleet_request_errors", .counter, "Requests answered with an error that was not the client's") { $0.errors }
    add("fleet_requests_handed_off", .counter, "Requests that siblings answered while this node drained") {
      $0.handedOff
    }
    let refused = models.flatMap { model in
      [("full", model.refusedFull), ("late", model.refusedLate)].map { reason, count in
        MetricsPage.Sample(Double(count), [("model", model.name), ("reason", reason)])
      }
    }
    page.add("fleet_requests_refused", .counter, "Requests refused because too many waited, or too long", refused)
    add("fleet_requests_in_flight", .gauge, "Requests read and not yet answered") { $0.inFlight }
    page.add(
      "fleet_request_duration_seconds",
      .histogram,
      "From the last byte of a request read to the first byte of its answer written",
      models.flatMap(Self.histogram)
    )
  }

  /// The buckets that the node keeps are finer: each falls into the first bound that holds all of it.
  private static func histogram(_ model: ModelStatus) -> [MetricsPage.Sample] {
    let label = (name: "model", value: model.name)
    var samples: [MetricsPage.Sample] = []
    var buckets = model.latency.buckets[...]
    var count: UInt64 = 0
    var seconds = 0.0
    for bound in bounds + [.max] {
      while let bucket = buckets.first, bucket.microseconds <= bound {
        count += bucket.count
        seconds += Double(bucket.microseconds) / 1e6 * Double(bucket.count)
        buckets.removeFirst()
      }
      let limit = bound == .max ? Double.infinity : Double(bound) / 1e6
      samples.append(.init(Double(count), [label, ("le", MetricsPage.number(limit))], suffix: "_bucket"))
    }
    return samples + [.init(seconds, [label], suffix: "_sum"), .init(Double(count), [label], suffix: "_count")]
  }
}
