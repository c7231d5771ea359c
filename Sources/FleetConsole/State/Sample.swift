internal import FleetCore
internal import FoundationEssentials

/// What the charts keep of one frame: a few numbers in place of its histograms.
package struct Sample: Hashable, Sendable {
  /// The node's clock, seconds since 1970. Only differences between samples of one node count.
  var nodeTime: Double
  var p50: Double?
  var p99: Double?
  var utilization: Double?
  var watts: Double?

  init(frame: Frame, metrics: NodeMetrics) {
    nodeTime = frame.time.timeIntervalSince1970
    p50 = metrics.latency.milliseconds(atPercentile: 50)
    p99 = metrics.latency.milliseconds(atPercentile: 99)
    utilization = metrics.utilization.value
    watts = metrics.watts.value
  }
}
