/// What clients of a node may ask of it: `body=64MB decompressed=64MB total=512MB head=32KB connections=4096 stall=30s idle=75s`.
/// What is nil is left to the engine.
package struct ServingLimits: Sendable, Equatable, Codable {
  /// The largest body of one request, in bytes.
  package var bodyBytes: Int?
  /// The same after gunzip.
  package var decompressedBytes: Int?
  /// All bodies together, in bytes.
  package var totalBodyBytes: Int?
  package var headBytes: Int?
  package var connections: Int?
  /// How long a client may send or take nothing in the middle of a request or an answer.
  package var stall: Duration?
  /// How long a connection with nothing to do is kept.
  package var idle: Duration?

  private static let keys = ["body", "decompressed", "total", "head", "connections", "stall", "idle"]

  package init() {}

  /// Throws `.invalid` with every problem found.
  package init(parsing text: String) throws(CommandError) {
    var limits = ServingLimits()
    var problems = KeyedText.read(text, keys: Self.keys) { key, value in limits.take(key, value) }
    if let total = limits.totalBodyBytes, let body = limits.bodyBytes, total < body {
      problems.append("total: \(Quantity.text(bytes: total)) is less than one body of \(Quantity.text(bytes: body))")
    }
    guard problems.isEmpty else {
      throw CommandError(.invalid, problems.map { "--limits: \($0)" }.joined(separator: "\n"))
    }
    self = limits
  }

  /// What `init(parsing:)` reads back.
  package var text: String {
    let bytes = [
      ("body", bodyBytes), ("decompressed", decompressedBytes), ("total", totalBodyBytes), ("head", headBytes),
    ]
    let times = [("stall", stall), ("idle", idle)]
    var parts = bytes.compactMap { key, value in value.map { "\(key)=\(Quantity.text(bytes: $0))" } }
    if let connections { parts.append("connections=\(connections)") }
    parts += times.compactMap { key, value in value.map { "\(key)=\(Quantity.text($0))" } }
    return parts.joined(separator: " ")
  }

  /// What was expected, when `value` is something else.
  private mutating func take(_ key: String, _ value: String) -> String? {
    switch key {
    case "body", "decompressed", "total":
      guard let bytes = Quantity.bytes(value), (1024...1 << 40).contains(bytes) else {
        return "a size from '1KB' to '1024GB'"
      }
      if key == "body" {
        bodyBytes = bytes
      } else if key == "total" {
        totalBodyBytes = bytes
      } else {
        decompressedBytes = bytes
      }
    case "head":
      guard let bytes = Quantity.bytes(value), (1024...1 << 20).contains(bytes) else {
        return "a size from '1KB' to '1MB'"
      }
      headBytes = bytes
    case "connections":
      guard let count = Int(value), (1...1_000_000).contains(count) else { return "a number from 1 to 1000000" }
      connections = count
    default:
      guard let time = Quantity.duration(value), time >= .milliseconds(100), time <= .seconds(86_400) else {
        return "a duration from '100ms' to '24h'"
      }
      if key == "stall" { stall = time } else { idle = time }
    }
    return nil
  }
}
