import FleetServing
import NIOCore

/// A model that takes one input of any datatype and gives it back, so that all of the way in and out is gone over.
struct FuzzModel: LoadedModel {
  let platform = "fuzz"
  let inputs: [TensorDescription]
  let outputs: [TensorDescription]

  init(_ datatype: TensorDatatype, shape: [Int]) {
    inputs = [TensorDescription(name: "x", datatype: datatype, shape: shape)]
    outputs = [TensorDescription(name: "y", datatype: datatype, shape: shape)]
  }

  func infer(_ inputs: [Tensor], wanted: [Int]) throws -> [Tensor] {
    guard let input = inputs.first else { throw EngineError("no input") }
    // The runtime would read as many bytes as the shape promises.
    if let size = input.datatype.size {
      guard Tensor.elementCount(input.shape).map({ $0 * size }) == input.bytes.readableBytes else {
        throw EngineError("\(input.bytes.readableBytes) bytes for \(input.datatype.rawValue) \(input.shape)")
      }
    }
    return wanted.map { _ in Tensor(name: "y", datatype: input.datatype, shape: input.shape, bytes: input.bytes) }
  }
}
