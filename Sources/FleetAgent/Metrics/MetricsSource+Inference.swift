import FleetCore

/// Triton's metrics under Triton's names, so that dashboards made for it work as they are
/// (https://github.com/triton-inference-server/server/blob/main/docs/user_guide/metrics.md).
extension MetricsSource {
  func addInference(to page: inout MetricsPage) {
    let help = "by model version, cumulative over engine restarts"
    func add(_ name: String, _ what: String, _ value: (VersionCounts) -> Double) {
      let samples = versions.map { MetricsPage.Sample(value($0.counts), Self.labels($0.version)) }
      page.add("nv_inference_\(name)", .namedCounter, "\(what), \(help)", samples)
    }
    add("request_success", "Requests answered well") { Double($0.success.count) }
    page.add("nv_inference_request_failure", .namedCounter, "Requests that failed, \(help)", versions.flatMap(failures))
    add("count", "Rows computed") { Double($0.inferences) }
    add("exec_count", "Runs") { Double($0.executions) }
    add("request_duration_us", "Time of requests in microseconds") { Self.microseconds($0.success) }
    add("queue_duration_us", "Time spent waiting in microseconds") { Self.microseconds($0.queue) }
    add("compute_input_duration_us", "Time spent on inputs in microseconds") { Self.microseconds($0.input) }
    add("compute_infer_duration_us", "Time spent computing in microseconds") { Self.microseconds($0.infer) }
    add("compute_output_duration_us", "Time spent on outputs in microseconds") { Self.microseconds($0.output) }
    guard !isStale else { return }
    let pending = frame.models.map { model in
      MetricsPage.Sample(Double(model.queued), Self.labels(ModelVersion(name: model.name, number: model.version)))
    }
    page.add("nv_inference_pending_request_count", .gauge, "Requests that wait to be computed", pending)
  }

  private func failures(_ status: VersionStatus) -> [MetricsPage.Sample] {
    let counts = status.counts
    let known = counts.rejected + counts.cancelled
    let reasons = [
      ("REJECTED", counts.rejected), ("CANCELED", counts.cancelled),
      ("BACKEND", counts.failure.count - min(known, counts.failure.count)),
    ]
    return reasons.map { reason, count in
      MetricsPage.Sample(Double(count), [("reason", reason)] + Self.labels(status.version))
    }
  }

  static func labels(_ version: ModelVersion) -> [(name: String, value: String)] {
    [("model", version.name), ("version", "\(version.number)")]
  }

  private static func microseconds(_ sum: VersionCounts.Sum) -> Double { Double(sum.nanoseconds / 1000) }
}
