import NIOCore

/// The `parameters` of an infer call and of its tensors.
enum RESTInferParameters {
  /// Those of a request.
  struct Request {
    var isBinaryOutput: Bool?
    var timeout: TimeAmount?

    /// A longer timeout than this is none, in microseconds.
    private static let longestTimeout = 1_000_000_000_000

    init(_ reader: inout JSONReader) throws(JSONError) {
      var request = Request()
      try reader.readObject { (reader, key) throws(JSONError) in
        switch key {
        case "binary_data_output": request.isBinaryOutput = try reader.readBool()
        case "timeout":
          // Triton's schedule policy extension: microseconds, and 0 for none.
          let microseconds = try reader.readSize("timeout")
          request.timeout =
            1...Self.longestTimeout ~= microseconds ? TimeAmount.microseconds(Int64(microseconds)) : nil
        case "sequence_id", "sequence_start", "sequence_end":
          guard try reader.readIsUnset() else {
            throw reader.error("parameter '\(key)': sequences of requests are out of scope here")
          }
        default: try reader.skipValue()
        }
      }
      self = request
    }

    private init() {}
  }

  /// Those of an input or output.
  struct Tensor {
    var binarySize: Int?
    var isBinary: Bool?
    var slice: SharedMemoryRegistry.Slice?

    init(_ reader: inout JSONReader) throws(JSONError) {
      var tensor = Tensor()
      var region: String?
      var offset: Int?
      var byteSize: Int?
      try reader.readObject { (reader, key) throws(JSONError) in
        switch key {
        case "binary_data_size": tensor.binarySize = try reader.readSize("binary_data_size")
        case "binary_data": tensor.isBinary = try reader.readBool()
        case "shared_memory_region": region = try reader.readString()
        case "shared_memory_offset": offset = try reader.readSize("shared_memory_offset")
        case "shared_memory_byte_size": byteSize = try reader.readSize("shared_memory_byte_size")
        case "classification":
          guard try reader.readIsUnset() else { throw reader.error("classification is out of scope here") }
        default: try reader.skipValue()
        }
      }
      switch (region, byteSize) {
      case (let region?, let byteSize?):
        tensor.slice = SharedMemoryRegistry.Slice(region: region, offset: offset ?? 0, byteSize: byteSize)
      case (.some, nil): throw reader.error("shared_memory_region is there without shared_memory_byte_size")
      case (nil, .some): throw reader.error("shared_memory_byte_size is there without shared_memory_region")
      case (nil, nil): break
      }
      self = tensor
    }

    init() {}
  }
}

extension JSONReader {
  /// Takes a value; true for those that stand for no value given.
  fileprivate mutating func readIsUnset() throws(JSONError) -> Bool {
    _ = peek()
    let start = offset
    try skipValue()
    let text = bytes[start..<offset]
    return ["0", "false", "\"\"", "null"].contains { text.elementsEqual($0.utf8) }
  }
}
