import FleetCore
import Foundation
import NIOCore
import NIOHTTP1
import Testing

@testable import FleetServing

/// Tensors of every datatype in every form, raw bodies, and the parameters of a call.
@Suite struct RESTInferTests {
  private static func document(
    _ datatype: TensorDatatype,
    shape: String,
    _ members: String,
    output: String = "",
    parameters: String = ""
  ) -> String {
    """
    {"inputs":[{"name":"in","datatype":"\(datatype.rawValue)","shape":[\(shape)],\(members)}],\
    "outputs":[{"name":"out","parameters":{\(output)}}],"parameters":{\(parameters)}}
    """
  }

  private static let texts: [(TensorDatatype, String)] = [
    (.bool, "true,false"), (.uint8, "0,255"), (.uint16, "0,65535"), (.uint32, "0,4294967295"),
    (.uint64, "0,18446744073709551615"), (.int8, "-128,127"), (.int16, "-32768,32767"),
    (.int32, "-2147483648,2147483647"), (.int64, "-9223372036854775808,9223372036854775807"),
    (.fp32, "-1.5,3.4028235e+38"), (.fp64, "-1.5,1.7976931348623157e+308"), (.bytes, "\"\",\"é\\\"\\n\""),
  ]

  @Test(arguments: texts)
  func everyDatatypeHasJSONFlatAndNested(datatype: TensorDatatype, text: String) async throws {
    let rest = try RESTHarness(["echo": EchoModel(datatype, shape: [-1, 2])])
    for data in ["[\(text)]", "[[\(text)]]"] {
      let answer = try await rest.send(
        .POST,
        "/v2/models/echo/infer",
        Self.document(datatype, shape: "1,2", "\"data\":\(data)")
      )
      #expect(answer.status == 200, "\(answer.text)")
      #expect(
        answer.text.contains(#""datatype":"\#(datatype.rawValue)","shape":[1,2],"data":[\#(text)]"#),
        "\(answer.text)"
      )
    }
    try await rest.stop()
  }

  @Test(arguments: TensorDatatype.allCases)
  func everyDatatypeHasABinaryForm(datatype: TensorDatatype) async throws {
    let rest = try RESTHarness(["echo": EchoModel(datatype)])
    let bytes: [UInt8]
    if let size = datatype.size {
      bytes = (0..<(2 * size)).map { datatype == .bool ? UInt8($0) : UInt8($0 + 1) }
    } else {
      bytes = [2, 0, 0, 0, 0xff, 0, 0, 0, 0, 0]
    }
    for (output, parameters) in [("\"binary_data\":true", ""), ("", "\"binary_data_output\":true")] {
      let json = Self.document(
        datatype,
        shape: "2",
        "\"parameters\":{\"binary_data_size\":\(bytes.count)}",
        output: output,
        parameters: parameters
      )
      let answer = try await rest.send(
        .POST,
        "/v2/models/echo/infer",
        fields: [("Inference-Header-Content-Length", "\(json.utf8.count)")],
        body: Array(json.utf8) + bytes
      )
      #expect(answer.status == 200, "\(answer.text)")
      #expect(answer.binary == bytes)
      #expect(answer.fields["content-type"] == "application/octet-stream")
    }
    try await rest.stop()
  }

  @Test(
    arguments: [
      ([3, 0, 0, 0, 65], "input 'in': element 0 says it is 3 bytes, but only 1 are left"),
      ([0xff, 0xff, 0xff, 0xff, 65], "input 'in': element 0 says it is 4294967295 bytes, but only 1 are left"),
      ([0, 0, 0, 0], "input 'in': expected 2 elements, found 1"),
      ([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], "input 'in': expected 2 elements, found more"),
      ([0, 0, 0, 0, 1, 0], "input 'in': element 1 ends within its length"),
    ] as [([UInt8], String)]
  )
  func lengthsThatLieAreRefused(bytes: [UInt8], words: String) async throws {
    let rest = try RESTHarness(["echo": EchoModel(.bytes)])
    let json = Self.document(.bytes, shape: "2", "\"parameters\":{\"binary_data_size\":\(bytes.count)}")
    let answer = try await rest.send(
      .POST,
      "/v2/models/echo/infer",
      fields: [("Inference-Header-Content-Length", "\(json.utf8.count)")],
      body: Array(json.utf8) + bytes
    )
    #expect(answer.status == 400)
    #expect(answer.json["error"] as? String == words)
    try await rest.stop()
  }

  @Test func bytesThatAreNoTextGoBackAsBinaryDataOnly() async throws {
    let rest = try RESTHarness(["echo": EchoModel(.bytes)])
    let bytes: [UInt8] = [1, 0, 0, 0, 0xff]
    let json = Self.document(.bytes, shape: "1", "\"parameters\":{\"binary_data_size\":\(bytes.count)}")
    let answer = try await rest.send(
      .POST,
      "/v2/models/echo/infer",
      fields: [("Inference-Header-Content-Length", "\(json.utf8.count)")],
      body: Array(json.utf8) + bytes
    )
    #expect(answer.status == 400)
    #expect((answer.json["error"] as? String)?.contains("output 'out' holds bytes that are not UTF-8") == true)
    try await rest.stop()
  }

  @Test(
    arguments: [
      (TensorDatatype.int16, [-1], 6, [3]), (.int16, [2, -1], 12, [2, 3]), (.int16, [-1, 3, -1], 12, [1, 3, 2]),
      (.int16, [2, 2], 8, [2, 2]), (.uint8, [-1, 4], 8, [2, 4]), (.bytes, [1], 5, [1]), (.bytes, [-1, -1], 0, [1, 1]),
    ] as [(TensorDatatype, [Int], Int, [Int])]
  )
  func bodiesWithoutJSONAreTheOnlyInput(
    datatype: TensorDatatype,
    shape: [Int],
    count: Int,
    deduced: [Int]
  ) async throws {
    let rest = try RESTHarness(["echo": EchoModel(datatype, shape: shape)])
    let body = (0..<count).map { UInt8($0) }
    for field in [("Inference-Header-Content-Length", "0"), ("Content-Type", "Application/octet-stream")] {
      let answer = try await rest.send(.POST, "/v2/models/echo/infer", fields: [field], body: body)
      #expect(answer.status == 200, "\(answer.text)")
      #expect((answer.json["outputs"] as? [[String: Any]])?.first?["shape"] as? [Int] == deduced)
      #expect(answer.binary == (datatype == .bytes ? [UInt8(count), 0, 0, 0] : []) + body)
    }
    try await rest.stop()
  }

  @Test(
    arguments: [
      (
        TensorDatatype.int16, [-1], 5, "a body of 5 bytes is not a multiple of the 2 bytes that shape [-1] of INT16 has"
      ),
      (.int16, [-1], 0, "a body of 0 bytes is not a multiple"),
      (.int16, [2, 2], 6, "shape [2,2] of INT16 is 8 bytes, found 6 bytes"),
      (.int16, [2, -1, -1], 8, "the length of the body does not tell its shape [2,-1,-1]"),
      (.bytes, [2], 8, "a body without JSON holds one element of BYTES"),
    ] as [(TensorDatatype, [Int], Int, String)]
  )
  func bodiesWithoutJSONMustTellTheirShape(
    datatype: TensorDatatype,
    shape: [Int],
    count: Int,
    words: String
  ) async throws {
    let rest = try RESTHarness(["echo": EchoModel(datatype, shape: shape)])
    let answer = try await rest.send(
      .POST,
      "/v2/models/echo/infer",
      fields: [("Inference-Header-Content-Length", "0")],
      body: [UInt8](repeating: 0, count: count)
    )
    #expect(answer.status == 400)
    #expect((answer.json["error"] as? String)?.contains(words) == true, "\(answer.text)")
    try await rest.stop()
  }

  private static func parse(_ parameters: String) throws -> RESTInferRequest {
    try RESTInferDecoder.decode(
      ByteBuffer(string: document(.int8, shape: "1", "\"data\":[1]", parameters: parameters)),
      jsonLength: nil,
      sharedMemory: SharedMemoryRegistry(),
      held: ConnectionCensus().beginHolding()
    )
  }

  @Test func timeoutsAreMicroseconds() throws {
    #expect(try Self.parse("").request.timeout == nil)
    #expect(try Self.parse("\"timeout\":0").request.timeout == nil)
    #expect(try Self.parse("\"timeout\":1500,\"priority\":3").request.timeout == .microseconds(1500))
    #expect(try Self.parse("\"timeout\":9223372036854775807").request.timeout == nil)
    #expect(
      try Self.parse("\"sequence_id\":0,\"sequence_start\":false,\"sequence_end\":false").request.inputs.count == 1
    )
    #expect(try Self.parse("\"binary_data_output\":true").form(of: "out") == .binary)
  }

  @Test(arguments: [
    ("\"timeout\":-1", "expected timeout to be a whole number"),
    ("\"timeout\":1.5", "expected timeout to be a whole number"),
    ("\"timeout\":\"1\"", "expected a number"),
    ("\"sequence_id\":7", "parameter 'sequence_id': sequences of requests are out of scope"),
    ("\"sequence_id\":\"a\"", "parameter 'sequence_id': sequences of requests are out of scope"),
    ("\"sequence_start\":true", "parameter 'sequence_start'"),
    ("\"binary_data_output\":1", "expected true or false"),
  ])
  func parametersThatCannotBeHonoured(parameters: String, words: String) throws {
    do {
      _ = try Self.parse(parameters)
      Issue.record("taken: \(parameters)")
    } catch let error as ServingError {
      #expect(error.kind == .invalid)
      #expect(error.message.contains(words), "\(error.message)")
    }
  }

  @Test(arguments: ["id", "inputs", "outputs", "parameters"])
  func membersComeOnce(member: String) throws {
    let value = ["id": "\"a\"", "parameters": "{}"][member] ?? "[]"
    let error = #expect(throws: ServingError.self) {
      try RESTInferDecoder.decode(
        ByteBuffer(string: "{\"\(member)\":\(value),\"\(member)\":\(value)}"),
        jsonLength: nil,
        sharedMemory: SharedMemoryRegistry(),
        held: ConnectionCensus().beginHolding()
      )
    }
    #expect(error?.message.contains("'\(member)' is there twice") == true)
  }

  @Test(arguments: ["name", "datatype", "shape", "parameters", "data"])
  func membersOfInputsComeOnce(member: String) async throws {
    let values = ["name": "\"in\"", "datatype": "\"INT8\"", "shape": "[1]", "parameters": "{}", "data": "[1]"]
    let value = try #require(values[member])
    let rest = try RESTHarness(["echo": EchoModel(.int8)])
    let body = "{\"inputs\":[{\"\(member)\":\(value),\"\(member)\":\(value)}]}"
    let answer = try await rest.send(.POST, "/v2/models/echo/infer", body)
    #expect(answer.status == 400)
    #expect((answer.json["error"] as? String)?.contains("'\(member)' is there twice") == true, "\(answer.text)")
    try await rest.stop()
  }

  @Test func dynamicDimensionsMayDiffer() async throws {
    let rest = try RESTHarness(["echo": EchoModel(.fp64, shape: [-1, 2, -1])])
    for shape in ["1,2,3", "3,2,1", "2,2,2"] {
      let count = shape.split(separator: ",").compactMap { Int($0) }.reduce(1, *)
      let data = (0..<count).map { "\($0).0" }.joined(separator: ",")
      let answer = try await rest.send(
        .POST,
        "/v2/models/echo/infer",
        Self.document(.fp64, shape: shape, "\"data\":[\(data)]")
      )
      #expect(answer.text.contains("\"shape\":[\(shape)],\"data\":[\(data)]"), "\(answer.text)")
    }
    let wrong = try await rest.send(
      .POST,
      "/v2/models/echo/infer",
      Self.document(.fp64, shape: "1,1,1", "\"data\":[0]")
    )
    #expect((wrong.json["error"] as? String) == "input 'in': expected shape [-1,2,-1], found [1,1,1]")
    try await rest.stop()
  }
}
