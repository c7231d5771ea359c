import FleetFuzz
import Testing

/// Inputs that are too large to commit, or tell more as code.
enum GeneratedInputs {
  struct Input: Sendable, CustomTestStringConvertible {
    var name: String
    var target: FuzzTarget
    var bytes: [UInt8]

    var testDescription: String { "\(target.rawValue)/\(name)" }
  }

  /// The body of an infer call, for the model of FP32 and without compression.
  private static func json(_ name: String, _ text: String) -> Input {
    Input(name: name, target: .json, bytes: [fp32, 0] + Array(text.utf8))
  }

  /// The number of FP32 among the datatypes, as `FuzzTarget.json` counts them.
  private static let fp32: UInt8 = 11

  private static func post(_ name: String, _ body: String) -> Input {
    let head = "POST /v2/models/fp32/infer HTTP/1.1\r\nHost: a\r\nContent-Length: \(body.utf8.count)\r\n\r\n"
    return Input(name: name, target: .rest, bytes: Array((head + body).utf8))
  }

  private static let tensor = #"{"inputs":[{"name":"x","datatype":"FP32","shape":[1,1],"data":"#
  private static let deep = String(repeating: "[", count: 200_000)

  static let all: [Input] = [
    json("nested arrays of 200 kB", deep),
    json("nested objects of 200 kB", String(repeating: #"{"a":"#, count: 40_000)),
    json("a tensor nested 200,000 deep", tensor + deep),
    json("a number of a million digits", tensor + "[" + String(repeating: "7", count: 1_000_000) + "]}]}"),
    json("a string of a million escapes", #"{"id":""# + String(repeating: #"\u0041"#, count: 170_000) + #""}"#),
    json("100,000 inputs", #"{"inputs":["# + String(repeating: "{},", count: 100_000) + "{}]}"),
    json("a shape of 100,000 lengths", #"{"inputs":[{"shape":["# + String(repeating: "1,", count: 100_000) + "1]}]}"),
    post("nested arrays of 200 kB over a connection", deep),
    post("more than the limit of bodies", String(repeating: " ", count: 2 << 20)),
    Input(
      name: "a head without an end",
      target: .rest,
      bytes: Array("GET /".utf8) + Array(repeating: 97, count: 100_000)
    ),
    Input(
      name: "100,000 fields",
      target: .rest,
      bytes: Array(("GET /v2 HTTP/1.1\r\n" + String(repeating: "a: b\r\n", count: 100_000) + "\r\n").utf8)
    ),
  ]
}
