import FleetCore
import NIOCore

/// Compares a request with the model that is to answer it.
enum InferValidation {
  /// More rows in one request are refused: a model's working memory grows with them.
  static let maximumBatch = 1024
  private static let longestShape = 16

  /// Inputs in the model's order, and the indices of the wanted outputs.
  struct Prepared {
    var inputs: [Tensor]
    var wanted: [Int]
    var shape: ModelPace.Shape
  }

  /// Throws `.invalid` with every problem found.
  static func prepare(_ request: InferRequest, for model: any LoadedModel) throws(ServingError) -> Prepared {
    var problems: [String] = []
    var prepared = Prepared(inputs: [], wanted: [], shape: ModelPace.Shape(key: 0, bytes: 0))
    for description in model.inputs {
      guard let tensor = request.inputs.first(where: { $0.name == description.name }) else {
        problems.append("input '\(description.name)' is missing")
        continue
      }
      problems += Self.problems(tensor, description)
      prepared.inputs.append(tensor)
    }
    let isComplete = prepared.inputs.count == model.inputs.count && request.inputs.count == model.inputs.count
    if !isComplete { problems += surplus(request.inputs, model.inputs) }
    if let names = request.outputs {
      prepared.wanted = indices(of: names, among: model.outputs, &problems)
    } else {
      prepared.wanted = Array(model.outputs.indices)
    }
    guard problems.isEmpty else { throw ServingError(problems) }
    prepared.shape = shape(of: prepared.inputs, for: model)
    return prepared
  }

  /// `inputs` are in the model's order. All calls of a model that leaves no length open have the same shape.
  static func shape(of inputs: [Tensor], for model: any LoadedModel) -> ModelPace.Shape {
    var shape = ModelPace.Shape(key: 0, bytes: 0)
    var hasher = Hasher()
    var isOpen = false
    for (input, description) in zip(inputs, model.inputs) {
      shape.bytes += input.bytes.readableBytes
      for (length, expected) in zip(input.shape, description.shape) where expected == -1 {
        hasher.combine(length)
        isOpen = true
      }
    }
    if isOpen { shape.key = hasher.finalize() }
    return shape
  }

  private static func problems(_ tensor: Tensor, _ expected: TensorDescription) -> [String] {
    let name = "input '\(tensor.name)'"
    guard tensor.datatype == expected.datatype else {
      return ["\(name): expected datatype \(expected.datatype.rawValue), found \(tensor.datatype.rawValue)"]
    }
    guard expected.accepts(shape: tensor.shape), tensor.shape.allSatisfy({ $0 > 0 }) else {
      return ["\(name): expected shape \(text(expected.shape)), found \(excerpt(tensor.shape))"]
    }
    if expected.shape.first == -1, let rows = tensor.shape.first, rows > maximumBatch {
      return ["\(name): a batch of \(rows) is over the limit of \(maximumBatch)"]
    }
    guard let count = Tensor.elementCount(tensor.shape) else {
      return ["\(name): shape \(excerpt(tensor.shape)) holds more elements than can be counted"]
    }
    guard let size = tensor.datatype.size else {
      return BytesElements.problem(in: tensor.bytes, count: count).map { ["\(name): \($0)"] } ?? []
    }
    let (bytes, overflow) = count.multipliedReportingOverflow(by: size)
    guard !overflow, bytes == tensor.bytes.readableBytes else {
      let needed = overflow ? "more than any memory holds" : "\(bytes) bytes"
      return [
        "\(name): shape \(excerpt(tensor.shape)) of \(tensor.datatype.rawValue) is \(needed), "
          + "found \(tensor.bytes.readableBytes) bytes"
      ]
    }
    return []
  }

  private static func surplus(_ inputs: [Tensor], _ expected: [TensorDescription]) -> [String] {
    var seen: Set<String> = []
    return inputs.compactMap { input in
      guard expected.contains(where: { $0.name == input.name }) else {
        let hint = NearName.hint(for: String(input.name.prefix(64)), among: expected.map(\.name))
        return "the model has no input \(ServingError.quote(input.name))\(hint)"
      }
      return seen.insert(input.name).inserted ? nil : "input '\(input.name)' is there twice"
    }
  }

  private static func indices(of names: [String], among outputs: [TensorDescription], _ problems: inout [String])
    -> [Int]
  {
    var found: [Int] = []
    for name in names {
      guard let index = outputs.firstIndex(where: { $0.name == name }) else {
        let hint = NearName.hint(for: String(name.prefix(64)), among: outputs.map(\.name))
        problems.append("the model has no output \(ServingError.quote(name))\(hint)")
        continue
      }
      if found.contains(index) { problems.append("output '\(name)' is asked for twice") } else { found.append(index) }
    }
    return found
  }

  static func text(_ shape: [Int]) -> String {
    "[\(shape.map(String.init).joined(separator: ","))]"
  }

  /// The same of a caller's shape, cut when it is long: an error must not be a way to have us send what was sent to us.
  static func excerpt(_ shape: [Int]) -> String {
    guard shape.count > longestShape else { return text(shape) }
    return "\(text(Array(shape.prefix(longestShape))).dropLast()),...] of \(shape.count) lengths"
  }
}
