package import FleetCore

/// What a page of metrics is made of.
package struct MetricsSource: Sendable {
  package var frame: Frame
  /// By model, cumulative since the agent started; also of models that are not served at this moment.
  package var models: [ModelStatus]
  /// The same by version.
  package var versions: [VersionStatus]
  /// Of the agent.
  package var version: String
  /// How old the frame is, in seconds.
  package var age: Double
  /// Over the last minute; absent when nothing was computed or the energy is not known.
  package var joulesPerInference: Reading

  /// Older values are of no use to anybody who asks what is now: only counters are told then.
  static let staleness = 10.0

  var isStale: Bool { age > Self.staleness }

  /// The whole page.
  package func page(_ format: MetricsPage.Format) -> String {
    var page = MetricsPage(format)
    addInference(to: &page)
    addRequests(to: &page)
    addEnergy(to: &page)
    addMachine(to: &page)
    addNode(to: &page)
    return page.finished
  }

  /// A sample of a reading, which says when it is an estimate; none of one that is absent.
  func samples(_ reading: Reading, _ labels: [(name: String, value: String)] = []) -> [MetricsPage.Sample] {
    guard let value = reading.value else { return [] }
    return [MetricsPage.Sample(value, reading.isEstimate ? labels + [("estimate", "true")] : labels)]
  }
}
