package import NIOCore

/// What a model takes or gives under one name.
package struct TensorDescription: Sendable, Equatable {
  package var name: String
  package var datatype: TensorDatatype
  /// -1 where any length will do.
  package var shape: [Int]

  package init(name: String, datatype: TensorDatatype, shape: [Int]) {
    self.name = name
    self.datatype = datatype
    self.shape = shape
  }

  /// Whether a tensor of `other` fits: the same rank, and the same length wherever ours is fixed.
  package func accepts(shape other: [Int]) -> Bool {
    shape.count == other.count && zip(shape, other).allSatisfy { $0 == -1 || $0 == $1 }
  }
}

/// Elements in row-major order, little endian, as both the protocol's binary form and the runtimes have them.
package struct Tensor: Sendable, Equatable {
  package var name: String
  package var datatype: TensorDatatype
  package var shape: [Int]
  package var bytes: ByteBuffer

  package init(name: String, datatype: TensorDatatype, shape: [Int], bytes: ByteBuffer) {
    self.name = name
    self.datatype = datatype
    self.shape = shape
    self.bytes = bytes
  }

  /// How many elements `shape` holds; nil when that is negative or more than an `Int` can tell.
  package static func elementCount(_ shape: [Int]) -> Int? {
    var count = 1
    for length in shape {
      guard length >= 0 else { return nil }
      let (product, overflow) = count.multipliedReportingOverflow(by: length)
      if overflow { return nil }
      count = product
    }
    return count
  }
}
