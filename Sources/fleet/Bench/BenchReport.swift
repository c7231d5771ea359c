import FleetConsole
import FleetCore
import Foundation

/// `fleet bench` in full: what was asked of whom, and what each load showed.
struct BenchReport: Encodable {
  let schema = 1
  var address: String
  var form: String
  var node: String?
  var model: String
  /// The engine's process that the CPU time was read from.
  var pid: Int32?
  var results: [BenchResult]

  private enum CodingKeys: CodingKey { case schema, address, form, node, model, pid, results }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(schema, forKey: .schema)
    try container.encode(address, forKey: .address)
    try container.encode(form, forKey: .form)
    try container.encode(node, forKey: .node)
    try container.encode(model, forKey: .model)
    try container.encode(pid, forKey: .pid)
    try container.encode(results, forKey: .results)
  }

  /// One line, keys in a fixed order.
  func encoded() throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(self), as: UTF8.self)
  }

  /// A line a load under a line of headings.
  func table() -> String {
    let headings = ["calls", "p50 ms", "p90 ms", "p99 ms", "req/s", "errors", "server us", "client us", "J/inf"]
    let rows = results.map { result in
      [
        result.rate.map { "\(Self.text($0))/s" } ?? "\(result.concurrency)",
        Self.text(result.p50Ms), Self.text(result.p90Ms), Self.text(result.p99Ms),
        String(Int(result.requestsPerS.rounded())), "\(result.errors)",
        Self.text(result.serverCpuUsPerRequest), Self.text(result.clientCpuUsPerRequest),
        (result.joulesPerInference.isEstimate ? "~" : "") + Self.text(result.joulesPerInference.value),
      ]
    }
    let widths = headings.indices.map { column in (rows + [headings]).map { $0[column].count }.max() ?? 0 }
    let lines = ([headings] + rows).map { row in
      zip(row, widths).map { String(repeating: " ", count: $1 - $0.count) + $0 }.joined(separator: "  ")
    }
    let examples = results.compactMap(\.example).prefix(1).map { "first error: \($0)" }
    return ([title] + lines + examples).joined(separator: "\n")
  }

  private var title: String {
    let who = node.map { "\($0) (\(address))" } ?? address
    return "\(model) on \(who) over \(form == "grpc" ? "gRPC" : "REST")"
      + (pid == nil ? "; --pid tells whose CPU time to read" : "")
  }

  /// Three significant digits; a dash for what is unknown.
  private static func text(_ value: Double?) -> String {
    guard let value, value.isFinite else { return "–" }
    guard value != 0 else { return "0" }
    let digits = max(0, 2 - Int(log10(abs(value)).rounded(.down)))
    return String(format: "%.\(min(digits, 6))f", value)
  }
}
