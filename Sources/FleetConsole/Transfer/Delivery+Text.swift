internal import FleetCore

extension Delivery {
  /// It came as it is, and nothing was wrong with that.
  var isOrdinary: Bool { bases.isEmpty && siblings.isEmpty && fallbacks.isEmpty }

  /// `delta of @1: 412 KB of 14.2 MB`, `from austin-01/a: nothing of 14.2 MB over the line`, `in full: 14.2 MB`.
  var way: String {
    guard missingBytes > 0 else { return "was there already" }
    let (sent, missing) = (Format.bytes(Double(sentBytes)), Format.bytes(Double(missingBytes)))
    var ways: [String] = []
    if !siblings.isEmpty { ways.append("from \(siblings.map(\.description).joined(separator: ", "))") }
    if !bases.isEmpty { ways.append("delta of \(bases.map { "@\($0.number)" }.joined(separator: ", "))") }
    let way = ways.isEmpty ? "in full" : ways.joined(separator: ", ")
    let cost = sentBytes == 0 ? "nothing of \(missing)" : sentBytes < missingBytes ? "\(sent) of \(missing)" : sent
    return "\(way): \(cost)\(siblings.isEmpty ? "" : " over the line")"
  }

  /// With why it was no cheaper.
  var text: String { ([way] + fallbacks).joined(separator: "; ") }
}
