import FleetCore
import FoundationEssentials

/// A version's golden set: pictures whose answers are known, as its `golden.json` holds them.
///
///     {"input": "pixels", "output": "scores", "images": [[0, 5, 15, ...], ...], "labels": [7, ...]}
///
/// An image is one row of the model's input, flat or nested as the input's shape; a label is the place of the highest number in the answer.
/// The pictures stay text until they are asked for: what they must be, the model says.
struct GoldenSet: Sendable {
  let input: String
  let output: String
  let labels: [Int]
  private let bytes: [UInt8]
  /// Where each picture begins.
  private let offsets: [Int]

  var count: Int { labels.count }

  /// Reads `golden.json` in the folder of a version. Blocks. Throws words for an operator.
  init(folder: String) throws(EngineError) {
    let path = "\(folder)/\(GoldenResult.fileName)"
    guard let size = FileSize.bytes(of: path) else {
      throw EngineError("\(GoldenResult.fileName) is not in the version's folder")
    }
    guard size <= GoldenResult.maximumBytes else { throw Self.tooLarge(size) }
    guard let data = FileManager.default.contents(atPath: path) else {
      throw EngineError("\(GoldenResult.fileName) cannot be read")
    }
    try self.init(parsing: Array(data))
  }

  init(parsing bytes: [UInt8]) throws(EngineError) {
    guard bytes.count <= GoldenResult.maximumBytes else { throw Self.tooLarge(bytes.count) }
    var members = Members()
    do throws(JSONError) {
      var reader = JSONReader(bytes)
      try reader.readObject { (reader, key) throws(JSONError) in try members.read(key, &reader) }
      try reader.expectEnd()
    } catch {
      throw Self.malformed(error)
    }
    var problems: [String] = []
    for (name, isThere) in [
      ("input", members.input != nil), ("output", members.output != nil), ("images", members.offsets != nil),
      ("labels", members.labels != nil),
    ] where !isThere { problems.append("'\(name)' is missing") }
    if let offsets = members.offsets, let labels = members.labels, offsets.count != labels.count {
      problems.append("there are \(offsets.count) images and \(labels.count) labels; each image needs one")
    }
    if members.labels?.isEmpty == true || members.offsets?.isEmpty == true { problems.append("it holds no image") }
    guard problems.isEmpty, let input = members.input, let output = members.output, let labels = members.labels,
      let offsets = members.offsets
    else { throw EngineError("\(GoldenResult.fileName): \(problems.joined(separator: "; "))") }
    self.input = input
    self.output = output
    self.labels = labels
    self.offsets = offsets
    self.bytes = bytes
  }

  /// A picture as the only row of a tensor.
  func tensor(_ index: Int, for description: TensorDescription) throws(EngineError) -> Tensor {
    let shape = try Self.rowShape(description)
    // A model that leaves its rows open gives one picture less brackets than its tensor has.
    let pictureShape = description.shape.first == -1 && shape.count > 1 ? Array(shape.dropFirst()) : shape
    guard let count = Tensor.elementCount(shape) else {
      throw EngineError("input '\(description.name)' holds more elements than can be counted")
    }
    var reader = JSONReader(bytes, offset: offsets[index])
    do throws(JSONError) {
      let bytes = try TensorJSONReader.read(
        &reader,
        datatype: description.datatype,
        shape: pictureShape,
        count: count
      )
      return Tensor(name: description.name, datatype: description.datatype, shape: shape, bytes: bytes)
    } catch {
      let shape = InferValidation.text(description.shape)
      throw EngineError(
        "\(GoldenResult.fileName): images[\(index)] does not fit the input '\(description.name)' "
          + "(\(description.datatype.rawValue) \(shape)): \(error.message), at byte \(error.offset)"
      )
    }
  }

  private static func rowShape(_ description: TensorDescription) throws(EngineError) -> [Int] {
    let shape = description.shape.first == -1 ? [1] + description.shape.dropFirst() : description.shape
    guard shape.allSatisfy({ $0 > 0 }) else {
      throw EngineError(
        "input '\(description.name)' has the shape \(InferValidation.text(description.shape)): "
          + "a golden set needs one whose pictures are all of one size"
      )
    }
    return shape
  }

  private static func tooLarge(_ bytes: Int) -> EngineError {
    let limit = Quantity.text(bytes: GoldenResult.maximumBytes)
    return EngineError("\(GoldenResult.fileName): \(bytes) bytes are more than the \(limit) that one may be")
  }

  private static func malformed(_ error: JSONError) -> EngineError {
    EngineError("\(GoldenResult.fileName) is not as expected at byte \(error.offset): \(error.message)")
  }

  private struct Members {
    var input: String?
    var output: String?
    var labels: [Int]?
    var offsets: [Int]?

    mutating func read(_ key: String, _ reader: inout JSONReader) throws(JSONError) {
      let isThere =
        switch key {
        case "input": input != nil
        case "output": output != nil
        case "labels": labels != nil
        case "images": offsets != nil
        default: false
        }
      // What one reader takes for the first and another for the last is better refused.
      if isThere { throw reader.error("'\(key)' is there twice") }
      switch key {
      case "input": input = try reader.readString()
      case "output": output = try reader.readString()
      case "labels": labels = try Self.labels(&reader)
      case "images": offsets = try Self.offsets(&reader)
      default: try reader.skipValue()
      }
    }

    private static func labels(_ reader: inout JSONReader) throws(JSONError) -> [Int] {
      var labels: [Int] = []
      try reader.readArray { (reader, index) throws(JSONError) in
        try bound(index, "labels", reader)
        let range = try reader.readNumberText()
        guard let label: Int = JSONNumber.integer(reader.bytes[range]), label >= 0 else {
          throw reader.error("labels[\(index)]: expected a whole number from 0", at: range.lowerBound)
        }
        labels.append(label)
      }
      return labels
    }

    private static func offsets(_ reader: inout JSONReader) throws(JSONError) -> [Int] {
      var offsets: [Int] = []
      try reader.readArray { (reader, index) throws(JSONError) in
        try bound(index, "images", reader)
        guard reader.peek() == UInt8(ascii: "[") else { throw reader.unexpected("a list of numbers") }
        offsets.append(reader.offset)
        try reader.skipValue()
      }
      return offsets
    }

    private static func bound(_ index: Int, _ what: String, _ reader: JSONReader) throws(JSONError) {
      guard index < GoldenResult.maximumImages else {
        throw reader.error("more than \(GoldenResult.maximumImages) \(what)")
      }
    }
  }
}
