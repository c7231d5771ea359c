import Foundation

/// The inputs that a model's metadata over REST names.
enum BenchMetadata {
  static func inputs(inJSON answer: [UInt8]) throws(BenchError) -> [BenchInput] {
    struct Metadata: Decodable {
      struct Tensor: Decodable {
        var name: String
        var datatype: String
        var shape: [Int]
      }
      var inputs: [Tensor]
    }
    do {
      let metadata = try JSONDecoder().decode(Metadata.self, from: Data(answer))
      return metadata.inputs.map { BenchInput(name: $0.name, datatype: $0.datatype, shape: $0.shape) }
    } catch {
      throw BenchError("the model's metadata cannot be read: \(error)")
    }
  }

  /// The words of an error answer, `{"error": "..."}`, or its first 200 bytes.
  static func error(inJSON answer: [UInt8]) -> String {
    struct Failure: Decodable { var error: String }
    return (try? JSONDecoder().decode(Failure.self, from: Data(answer)))?.error
      ?? String(decoding: answer.prefix(200), as: UTF8.self)
  }
}
