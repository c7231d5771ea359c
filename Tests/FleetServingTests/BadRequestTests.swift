import FleetCore
import Foundation
import Testing

/// Requests that are wrong, each with the status and the words it must get. None may end the connection, or harm the next request.
@Suite struct BadRequestTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let words: String
    var status = 400
    var method = "POST"
    var path = "/v2/models/digits/infer"
    var fields: [String] = []
    var body = ""

    var testDescription: String { words }
  }

  private static func input(_ members: String) -> String { "{\"inputs\":[{\(members)}]}" }
  private static let pixels = Bodies.pixels(1)
  private static let tensor = #""name":"pixels","datatype":"FP32","shape":[1,1,8,8]"#

  static let paths: [Case] = [
    Case(words: "no call has the path '/'", status: 404, method: "GET", path: "/"),
    Case(words: "no call has the path '/v1/models'", status: 404, method: "GET", path: "/v1/models"),
    Case(words: "no call has the path", status: 404, method: "GET", path: "/v2/models"),
    Case(words: "no call has the path", status: 404, method: "GET", path: "/v2/models/digits/infer/more"),
    Case(words: "no call has the path", status: 404, method: "GET", path: "/v2/models/digits/versions"),
    Case(words: "no call has the path", status: 404, method: "GET", path: "/v2/models/%zz/ready"),
    Case(words: "no model 'digit' is served here; did you mean 'digits'?", status: 404, path: "/v2/models/digit/infer"),
    Case(words: "no model '../etc' is served", status: 404, method: "GET", path: "/v2/models/..%2fetc"),
    Case(words: "version '2' of 'digits' is not served", status: 404, path: "/v2/models/digits/versions/2/infer"),
    Case(
      words: "version 'x' of 'digits' is not served",
      status: 404,
      method: "GET",
      path: "/v2/models/digits/versions/x"
    ),
    Case(words: "'GET' is not allowed here; use POST", status: 405, method: "GET"),
    Case(words: "'DELETE' is not allowed here; use GET", status: 405, method: "DELETE", path: "/v2"),
    Case(
      words: "9...' of 'digits' is not served here",
      status: 404,
      method: "GET",
      path: "/v2/models/digits/versions/" + String(repeating: "9", count: 5000)
    ),
  ]

  static let documents: [Case] = [
    Case(words: "expected '{', found the end"),
    Case(words: "expected '{', found 'n'", body: "nonsense"),
    Case(words: "expected '{', found '['", body: "[]"),
    Case(words: "'inputs' is missing", body: "{}"),
    Case(words: "something follows the end", body: #"{"inputs":[]}}"#),
    Case(words: "input 'pixels' is missing", body: #"{"inputs":[]}"#),
    Case(words: "expected '[', found '{'", body: #"{"inputs":{}}"#),
    Case(words: "'inputs' is there twice", body: #"{"inputs":[],"inputs":[]}"#),
    Case(words: "expected a string, found '7'", body: #"{"id":7}"#),
    Case(words: "a string does not end", body: #"{"id":"7"#),
    Case(words: "an escape that JSON does not know", body: #"{"id":"\x41"}"#),
    Case(words: "a control character in a string", body: "{\"id\":\"a\u{1}\"}"),
    Case(words: "expected ',' or '}', found the end", body: #"{"id":"7""#),
    Case(words: "nested deeper than 64", body: #"{"x":"# + String(repeating: "[", count: 200_000)),
    Case(words: "nested deeper than 64", body: #"{"x":"# + String(repeating: #"{"a":"#, count: 50_000)),
    Case(
      words: "expected a number, found '['",
      body: input(tensor + #","data":"# + String(repeating: "[", count: 200_000))
    ),
  ]

  static let tensors: [Case] = [
    Case(
      words: "inputs[0].name is missing; inputs[0].datatype is missing; inputs[0].shape is missing",
      body: input("")
    ),
    Case(words: "inputs[0].datatype is missing", body: input(#""name":"pixels","shape":[1],"data":[1]"#)),
    Case(words: "unknown datatype 'FP31'", body: input(#""name":"pixels","datatype":"FP31","shape":[1],"data":[1]"#)),
    Case(
      words: "the model has no input 'pixel'; did you mean 'pixels'?",
      body: input(#""name":"pixel","datatype":"FP32","shape":[1],"data":[1]"#)
    ),
    Case(
      words: "expected datatype FP32, found INT8",
      body: input(#""name":"pixels","datatype":"INT8","shape":[1],"data":[1]"#)
    ),
    Case(words: "FP16 has no form in JSON", body: input(#""name":"pixels","datatype":"FP16","shape":[1],"data":[1]"#)),
    Case(
      words: "expected shape [-1,1,8,8], found [64]",
      body: input(#""name":"pixels","datatype":"FP32","shape":[64],"data":[\#(pixels)]"#)
    ),
    Case(
      words: "expected shape [-1,1,8,8], found [0,1,8,8]",
      body: input(#""name":"pixels","datatype":"FP32","shape":[0,1,8,8],"data":[]"#)
    ),
    Case(words: "expected a dimension to be a whole number", body: input(#""name":"pixels","shape":[-1,1,8,8]"#)),
    Case(words: "expected a dimension to be a whole number", body: input(#""name":"pixels","shape":[1.5]"#)),
    Case(
      words: "expected a dimension to be a whole number",
      body: input(#""name":"pixels","shape":[99999999999999999999]"#)
    ),
    Case(words: "a shape of more than 16 dimensions", body: input(#""shape":[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]"#)),
    Case(
      words: "more elements than can be counted",
      body: input(#""name":"pixels","datatype":"FP32","shape":[4294967296,4294967296,8,8],"data":[1]"#)
    ),
    Case(
      words: "expected 9223372036854775807 elements, found 1",
      body: input(#""name":"pixels","datatype":"FP32","shape":[9223372036854775807],"data":[1]"#)
    ),
    Case(
      words: "a batch of 1025 is over the limit of 1024",
      body: input(#""name":"pixels","datatype":"FP32","shape":[1025,1,8,8],"data":[\#(Bodies.pixels(1025))]"#)
    ),
    Case(words: "expected 64 elements, found 63", body: input(tensor + ",\"data\":[\(pixels.dropLast(2))]")),
    Case(words: "more elements than the 64 of the shape", body: input(tensor + ",\"data\":[\(pixels),1]")),
    Case(words: "expected 64 elements, found none", body: input(tensor + ",\"data\":[]")),
    Case(
      words: "more arrays than the 1 of the shape",
      body: input(tensor + ",\"data\":[[[\(String(repeating: "[0,0,0,0,0,0,0,0],", count: 7))[0,0,0,0,0,0,0,0]]],[]]")
    ),
    Case(words: "expected 8 elements, found 1", body: input(tensor + #","data":[[[[1]]]]"#)),
    Case(words: "expected '[', found '1'", body: input(tensor + #","data":[[1]]"#)),
    Case(words: "'data' is there twice", body: input(tensor + ",\"data\":[\(pixels)],\"data\":[\(pixels)]")),
    Case(words: "has neither data nor binary_data_size nor shared_memory_region", body: input(tensor)),
    Case(words: "JSON has no NaN or Infinity", body: input(tensor + #","data":[NaN]"#)),
    Case(words: "JSON has no NaN or Infinity", body: input(tensor + #","data":[Infinity]"#)),
    Case(words: "expected a number, found '-'", body: input(tensor + #","data":[-Infinity]"#)),
    Case(words: "a number too great for FP32", body: input(tensor + #","data":[1e39]"#)),
    Case(words: "a number too great for FP32", body: input(tensor + #","data":[1e999]"#)),
    Case(words: "a number begins with 0", body: input(tensor + #","data":[01]"#)),
    Case(words: "expected a number, found '+'", body: input(tensor + #","data":[+1]"#)),
    Case(words: "ends in its decimal point", body: input(tensor + #","data":[1.]"#)),
    Case(words: "expected a number, found '\"'", body: input(tensor + #","data":["1"]"#)),
    Case(
      words: "expected a whole number from -128 to 127",
      body: input(#""name":"pixels","datatype":"INT8","shape":[1],"data":[128]"#)
    ),
    Case(
      words: "expected a whole number from 0 to 255",
      body: input(#""name":"pixels","datatype":"UINT8","shape":[1],"data":[-1]"#)
    ),
    Case(
      words: "expected a whole number",
      body: input(#""name":"pixels","datatype":"INT64","shape":[1],"data":[9223372036854775808]"#)
    ),
    Case(words: "expected true or false", body: input(#""name":"pixels","datatype":"BOOL","shape":[1],"data":[1]"#)),
    Case(
      words: "the model has no output 'score'; did you mean 'scores'?",
      body: Bodies.json(outputs: #"[{"name":"score"}]"#)
    ),
    Case(
      words: "output 'scores' is asked for twice",
      body: Bodies.json(outputs: #"[{"name":"scores"},{"name":"scores"}]"#)
    ),
    Case(words: "outputs[0].name is missing", body: Bodies.json(outputs: "[{}]")),
    Case(
      words: "classification is out of scope here",
      body: Bodies.json(outputs: #"[{"name":"scores","parameters":{"classification":3}}]"#)
    ),
    Case(
      words: "output 'halves' is FP16, which has no form in JSON",
      body: Bodies.json(outputs: #"[{"name":"halves"}]"#)
    ),
    Case(
      words: "shared_memory_region is there without shared_memory_byte_size",
      body: input(tensor + #","parameters":{"shared_memory_region":"a"}"#)
    ),
  ]

  static let binary: [Case] = [
    Case(
      words: "binary_data_size is 256, but only 0 bytes are left",
      body: input(tensor + #","parameters":{"binary_data_size":256}"#)
    ),
    Case(
      words: "expected binary_data_size to be a whole number",
      body: input(tensor + #","parameters":{"binary_data_size":-1}"#)
    ),
    Case(
      words: "has more than one of data, binary_data_size and shared_memory_region",
      body: input(tensor + #","parameters":{"binary_data_size":0},"data":[\#(pixels)]"#)
    ),
    Case(
      words: "Inference-Header-Content-Length is 9, but the body has 2 bytes",
      fields: ["Inference-Header-Content-Length: 9"],
      body: "{}"
    ),
    Case(words: "expected a whole number, found 'x'", fields: ["Inference-Header-Content-Length: x"], body: "{}"),
    Case(words: "expected a whole number, found '-2'", fields: ["Inference-Header-Content-Length: -2"], body: "{}"),
    Case(
      words: "3 bytes of binary data belong to no input",
      fields: ["Inference-Header-Content-Length: \(Bodies.json().utf8.count)"],
      body: Bodies.json() + "abc"
    ),
    Case(
      words: "is 256 bytes, found 3 bytes",
      fields: [
        "Inference-Header-Content-Length: \(input(tensor + #","parameters":{"binary_data_size":3}"#).utf8.count)"
      ],
      body: input(tensor + #","parameters":{"binary_data_size":3}"#) + "abc"
    ),
    Case(words: "Content-Encoding 'br' is not taken", status: 415, fields: ["Content-Encoding: br"], body: "{}"),
  ]

  @Test(arguments: [paths, documents, tensors, binary])
  func getTheirOwnWords(cases: [Case]) async throws {
    let engine = try await TestEngine.start()
    let client = try TestClient(engine.port)
    for one in cases {
      let answer = try await client.send(one.method, one.path, fields: one.fields, body: Array(one.body.utf8))
      let error = answer.json["error"] as? String
      #expect(answer.status == one.status, "\(one.words): \(answer.text)")
      #expect(error?.contains(one.words) == true, "\(one.words): \(answer.text)")
      #expect(answer.json.count == 1)
      #expect(answer.body.count < 1000, "an answer is not an echo")
    }
    #expect(try await client.infer(Bodies.json()).status == 200)
    #expect(try await engine.status().errors == 0)
    await engine.stop()
  }
}
