import FleetCore

/// What one load showed, as people and programs want it.
struct BenchResult: Encodable, Sendable {
  var concurrency: Int
  var rate: Double?
  var seconds: Double
  /// Answered well.
  var requests: Int
  var requestsPerS: Double
  var p50Ms: Double?
  var p90Ms: Double?
  var p99Ms: Double?
  var maxMs: Double?
  /// Refused, failed, lost and not connected together.
  var errors: Int
  var refused: Int
  var refusedP99Ms: Double?
  var failed: Int
  var lost: Int
  var unconnected: Int
  var unsent: Int
  var example: String?
  var serverCpuUsPerRequest: Double?
  var clientCpuUsPerRequest: Double?
  var joulesPerInference: Reading

  init(concurrency: Int, rate: Double?, _ window: BenchRun.Window) {
    let ledger = window.ledger
    let latency = ledger.answered.snapshot
    self.concurrency = concurrency
    self.rate = rate
    seconds = window.seconds
    requests = ledger.answeredCount
    requestsPerS = Double(ledger.answeredCount) / window.seconds
    p50Ms = latency.milliseconds(atPercentile: 50)
    p90Ms = latency.milliseconds(atPercentile: 90)
    p99Ms = latency.milliseconds(atPercentile: 99)
    maxMs = latency.isEmpty ? nil : Double(ledger.longest) / 1000
    errors = ledger.errorCount
    refused = ledger.refusedCount
    refusedP99Ms = ledger.refused.snapshot.milliseconds(atPercentile: 99)
    failed = ledger.failedCount
    lost = ledger.lostCount
    unconnected = ledger.unconnectedCount
    unsent = ledger.unsentCount
    example = ledger.example
    let count = Double(ledger.answeredCount)
    serverCpuUsPerRequest = count > 0 ? window.serverSeconds.map { $0 / count * 1e6 } : nil
    clientCpuUsPerRequest = count > 0 ? window.clientSeconds / count * 1e6 : nil
    joulesPerInference = Self.joules(window)
  }

  /// The node's samples are not of the same moments as the window: their mean power is taken over the window.
  private static func joules(_ window: BenchRun.Window) -> Reading {
    guard let (before, after) = window.energy else { return .absent("only a node of the fleet says its energy") }
    guard window.ledger.answeredCount > 0 else { return .absent("no request was answered") }
    guard after.time > before.time else { return .absent("the node said nothing meanwhile") }
    let perRequest = window.seconds / (after.time - before.time) / Double(window.ledger.answeredCount)
    return after.joules.combined(with: before.joules) { max(0, $0 - $1) }.map { $0 * perRequest }
  }

  private enum CodingKeys: String, CodingKey {
    case concurrency, rate, seconds, requests, requestsPerS = "requests_per_s", p50Ms = "p50_ms", p90Ms = "p90_ms"
    case p99Ms = "p99_ms", maxMs = "max_ms", errors, refused, refusedP99Ms = "refused_p99_ms", failed, lost, unconnected
    case unsent, example, serverCpuUsPerRequest = "server_cpu_us_per_request"
    case clientCpuUsPerRequest = "client_cpu_us_per_request", joulesPerInference = "joules_per_inference"
  }

  private enum ReadingKeys: String, CodingKey { case value, source, absent }

  /// Every key is always there; what is unknown is null.
  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(concurrency, forKey: .concurrency)
    try container.encode(rate, forKey: .rate)
    try container.encode(seconds, forKey: .seconds)
    try container.encode(requests, forKey: .requests)
    try container.encode(requestsPerS, forKey: .requestsPerS)
    try container.encode(p50Ms, forKey: .p50Ms)
    try container.encode(p90Ms, forKey: .p90Ms)
    try container.encode(p99Ms, forKey: .p99Ms)
    try container.encode(maxMs, forKey: .maxMs)
    try container.encode(errors, forKey: .errors)
    try container.encode(refused, forKey: .refused)
    try container.encode(refusedP99Ms, forKey: .refusedP99Ms)
    try container.encode(failed, forKey: .failed)
    try container.encode(lost, forKey: .lost)
    try container.encode(unconnected, forKey: .unconnected)
    try container.encode(unsent, forKey: .unsent)
    try container.encode(example, forKey: .example)
    try container.encode(serverCpuUsPerRequest, forKey: .serverCpuUsPerRequest)
    try container.encode(clientCpuUsPerRequest, forKey: .clientCpuUsPerRequest)
    var reading = container.nestedContainer(keyedBy: ReadingKeys.self, forKey: .joulesPerInference)
    switch joulesPerInference {
    case .measured(let value):
      try reading.encode(value, forKey: .value)
      try reading.encode("measured", forKey: .source)
    case .estimated(let value):
      try reading.encode(value, forKey: .value)
      try reading.encode("estimate", forKey: .source)
    case .absent(let reason): try reading.encode(reason, forKey: .absent)
    }
  }
}
