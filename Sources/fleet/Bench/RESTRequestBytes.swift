import FleetCore

/// Requests over REST, complete with their heads, ready to be written as often as wanted.
enum RESTRequestBytes {
  static func metadata(model: BenchModelName, host: String) -> [UInt8] {
    head("GET", path(model), host: host, fields: [])
  }

  /// Binary tensors in both directions.
  static func infer(model: BenchModelName, tensors: [BenchTensor], host: String) -> [UInt8] {
    let inputs = tensors.map { tensor in
      """
      {"name":\(JSONText.quoted(tensor.name)),"shape":[\(tensor.shape.map(String.init).joined(separator: ","))],\
      "datatype":\(JSONText.quoted(tensor.datatype)),"parameters":{"binary_data_size":\(tensor.bytes.count)}}
      """
    }
    let json = Array(#"{"inputs":[\#(inputs.joined(separator: ","))],"parameters":{"binary_data_output":true}}"#.utf8)
    let length = tensors.reduce(json.count) { $0 + $1.bytes.count }
    let head = head(
      "POST",
      path(model) + "/infer",
      host: host,
      fields: [
        "Content-Type: application/octet-stream", "Inference-Header-Content-Length: \(json.count)",
        "Content-Length: \(length)",
      ]
    )
    return tensors.reduce(into: head + json) { $0 += $1.bytes }
  }

  private static func head(_ method: String, _ path: String, host: String, fields: [String]) -> [UInt8] {
    let lines = ["\(method) \(path) HTTP/1.1", "Host: \(host)"] + fields
    return Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8)
  }

  private static func path(_ model: BenchModelName) -> String {
    let version = model.version.map { "/versions/\(encoded($0))" } ?? ""
    return "/v2/models/\(encoded(model.name))\(version)"
  }

  /// Percent-encoded but for the unreserved characters (RFC 3986, section 2.3).
  private static func encoded(_ text: String) -> String {
    var result = ""
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
        UInt8(ascii: "~"):
        result.unicodeScalars.append(Unicode.Scalar(byte))
      default:
        let digits = String(byte, radix: 16, uppercase: true)
        result += "%" + (digits.count == 1 ? "0" : "") + digits
      }
    }
    return result
  }
}

/// The model that is asked: `mlp`, or `mlp@2` for a version other than the one that the node chooses.
struct BenchModelName: Sendable, Equatable {
  var name: String
  var version: String?

  /// Nil when a part is missing.
  init?(_ text: String) {
    let parts = text.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
    guard let name = parts.first, !name.isEmpty, parts.count == 1 || !parts[1].isEmpty else { return nil }
    self.name = String(name)
    version = parts.count == 2 ? String(parts[1]) : nil
  }
}
