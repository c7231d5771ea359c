import NIOCore

/// An input of an infer call's document, its members in whatever order they come.
struct RESTInput {
  static let maximumRank = 16

  private struct Members: OptionSet {
    let rawValue: UInt8
    static let name = Members(rawValue: 1)
    static let datatype = Members(rawValue: 2)
    static let shape = Members(rawValue: 4)
    static let parameters = Members(rawValue: 8)
    static let data = Members(rawValue: 16)
  }

  private(set) var name: String?
  private(set) var datatype: TensorDatatype?
  private(set) var shape: [Int]?
  private(set) var parameters = RESTInferParameters.Tensor()
  private(set) var data: ByteBuffer?
  private var dataOffset: Int?
  private var members: Members = []

  init(_ reader: inout JSONReader) throws(JSONError) {
    var input = RESTInput()
    try reader.readObject { (reader, key) throws(JSONError) in try input.readMember(key, &reader) }
    if input.data == nil, let offset = input.dataOffset {
      // Datatype or shape came after the data: now that both are known it is read again.
      let end = reader.offset
      reader.rewind(to: offset)
      input.data = try input.readData(&reader)
      reader.rewind(to: end)
    }
    self = input
  }

  private init() {}

  private mutating func readMember(_ key: String, _ reader: inout JSONReader) throws(JSONError) {
    switch key {
    case "name":
      try begin(.name, key, reader)
      name = try reader.readString()
    case "datatype":
      try begin(.datatype, key, reader)
      let start = reader.offset
      let name = try reader.readString()
      guard let datatype = TensorDatatype(rawValue: name) else {
        throw reader.error("unknown datatype \(ServingError.quote(name))", at: start)
      }
      self.datatype = datatype
    case "shape":
      try begin(.shape, key, reader)
      shape = try Self.readShape(&reader)
    case "parameters":
      try begin(.parameters, key, reader)
      parameters = try RESTInferParameters.Tensor(&reader)
    case "data":
      try begin(.data, key, reader)
      _ = reader.peek()
      dataOffset = reader.offset
      if datatype != nil, shape != nil { data = try readData(&reader) } else { try reader.skipValue() }
    default: try reader.skipValue()
    }
  }

  /// What one reader takes for the first and another for the last is better refused.
  private mutating func begin(_ member: Members, _ key: String, _ reader: JSONReader) throws(JSONError) {
    guard members.insert(member).inserted else { throw reader.error("'\(key)' is there twice") }
  }

  private func readData(_ reader: inout JSONReader) throws(JSONError) -> ByteBuffer? {
    // What is missing is told when all is read.
    guard let datatype, let shape else { return nil }
    guard let count = Tensor.elementCount(shape) else {
      throw reader.error("shape \(InferValidation.excerpt(shape)) holds more elements than can be counted")
    }
    return try TensorJSONReader.read(&reader, datatype: datatype, shape: shape, count: count)
  }

  private static func readShape(_ reader: inout JSONReader) throws(JSONError) -> [Int] {
    var shape: [Int] = []
    try reader.readArray { (reader, index) throws(JSONError) in
      guard index < maximumRank else { throw reader.error("a shape of more than \(maximumRank) dimensions") }
      shape.append(try reader.readSize("a dimension"))
    }
    return shape
  }
}
