import FleetServing
import Foundation
import NIOCore
import SwiftProtobuf

/// Requests of the fake model's calls.
enum GRPCBodies {
  static func bytes(_ values: [Float]) -> Data {
    var data = Data()
    for value in values {
      for shift in stride(from: UInt32(0), to: 32, by: 8) {
        data.append(UInt8(truncatingIfNeeded: value.bitPattern >> shift))
      }
    }
    return data
  }

  /// `rows` pictures as raw bytes.
  static func infer(
    rows: Int = 1,
    first: Float = 0,
    id: String = "",
    model: String = "digits",
    outputs: [String] = ["scores"],
    change: (inout Inference_ModelInferRequest) -> Void = { _ in }
  ) -> Inference_ModelInferRequest {
    var request = Inference_ModelInferRequest()
    request.modelName = model
    request.id = id
    request.inputs = [
      .with { input in
        input.name = "pixels"
        input.datatype = "FP32"
        input.shape = [Int64(rows), 1, 8, 8]
      }
    ]
    request.outputs = outputs.map { name in .with { $0.name = name } }
    request.rawInputContents = [bytes([first] + [Float](repeating: 0, count: rows * 64 - 1))]
    change(&request)
    return request
  }

  /// The same with numbers instead of bytes.
  static func typed(rows: Int = 1) -> Inference_ModelInferRequest {
    infer(rows: rows) { request in
      request.rawInputContents = []
      request.inputs[0].contents.fp32Contents = [Float](repeating: 0, count: rows * 64)
    }
  }
}

extension GRPCTestClient {
  func infer(_ request: Inference_ModelInferRequest, _ more: [(String, String)] = []) async throws -> Reply {
    try await call("ModelInfer", request, more)
  }
}

extension GRPCTestClient.Reply {
  /// The first number of the first output, which tells which fake model answered.
  var marker: Float? {
    guard let reply: Inference_ModelInferResponse = try? decoded() else { return nil }
    return reply.marker
  }
}

extension Inference_ModelInferResponse {
  var marker: Float? {
    guard let raw = rawOutputContents.first, raw.count >= 4 else { return nil }
    return Float(bitPattern: raw.prefix(4).reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) })
  }
}
