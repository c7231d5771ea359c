import NIOCore

/// Holds an answer against its label.
enum GoldenScore {
  /// Whether the highest number of `output` stands at `label`; the first of several. An answer with a NaN in it is wrong.
  static func isRight(_ output: Tensor, label: Int) throws(EngineError) -> Bool {
    guard let numbers = numbers(output) else {
      throw EngineError(
        "output '\(output.name)' has datatype \(output.datatype.rawValue), of which no highest number can be told"
      )
    }
    guard numbers.indices.contains(label) else {
      throw EngineError("the label \(label) is none of the \(numbers.count) numbers that output '\(output.name)' gives")
    }
    guard !numbers.contains(where: \.isNaN), let highest = numbers.max() else { return false }
    return numbers.firstIndex(of: highest) == label
  }

  /// As doubles, which hold all that models score with. Nil for what is no number.
  private static func numbers(_ tensor: Tensor) -> [Double]? {
    switch tensor.datatype {
    case .fp32: elements(tensor, UInt32.self) { Double(Float(bitPattern: $0)) }
    case .fp64: elements(tensor, UInt64.self) { Double(bitPattern: $0) }
    case .fp16: elements(tensor, UInt16.self) { Double(Float16(bitPattern: $0)) }
    case .bf16: elements(tensor, UInt16.self) { Double(Float(bitPattern: UInt32($0) << 16)) }
    case .int8: elements(tensor, Int8.self, Double.init)
    case .int16: elements(tensor, Int16.self, Double.init)
    case .int32: elements(tensor, Int32.self, Double.init)
    case .int64: elements(tensor, Int64.self, Double.init)
    case .uint8: elements(tensor, UInt8.self, Double.init)
    case .uint16: elements(tensor, UInt16.self, Double.init)
    case .uint32: elements(tensor, UInt32.self, Double.init)
    case .uint64: elements(tensor, UInt64.self, Double.init)
    case .bool, .bytes: nil
    }
  }

  private static func elements<Element: FixedWidthInteger>(
    _ tensor: Tensor,
    _ type: Element.Type,
    _ value: (Element) -> Double
  ) -> [Double] {
    var bytes = tensor.bytes
    var numbers: [Double] = []
    numbers.reserveCapacity(bytes.readableBytes / MemoryLayout<Element>.size)
    while let element = bytes.readInteger(endianness: .little, as: type) { numbers.append(value(element)) }
    return numbers
  }
}
