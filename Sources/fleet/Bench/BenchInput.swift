/// What a model's metadata says of one of its inputs.
struct BenchInput: Sendable, Equatable {
  var name: String
  /// In the protocol's words, such as `FP32`.
  var datatype: String
  /// -1 where any length will do.
  var shape: [Int]
}

/// An input with its values, as the binary tensor extension and gRPC's raw contents have them: little-endian, row by row.
struct BenchTensor: Sendable, Equatable {
  var name: String
  var datatype: String
  var shape: [Int]
  var bytes: [UInt8]
}

extension BenchTensor {
  /// A tensor this large is a mistake in the metadata, or no matter for a benchmark.
  private static let mostBytes = 256 << 20

  /// Random values from 0 to 1, or from 0 to 3 for integers (indices that most models accept); free dimensions have length 1.
  init(filling input: BenchInput, using random: inout some RandomNumberGenerator) throws(BenchError) {
    name = input.name
    datatype = input.datatype
    shape = input.shape.map { $0 < 0 ? 1 : $0 }
    guard let kind = Kind(rawValue: input.datatype) else {
      throw BenchError("input '\(input.name)' has datatype '\(input.datatype)', which 'fleet bench' cannot fill")
    }
    var count = 1
    for length in shape {
      let (product, overflow) = count.multipliedReportingOverflow(by: length)
      guard !overflow, product <= Self.mostBytes / kind.byteCount else {
        throw BenchError("input '\(input.name)' of shape \(shape) is larger than \(Self.mostBytes >> 20) MiB")
      }
      count = product
    }
    bytes = []
    bytes.reserveCapacity(count * kind.byteCount)
    for _ in 0..<count { kind.append(to: &bytes, using: &random) }
  }

  private enum Kind: String {
    case bool = "BOOL"
    case int8 = "INT8"
    case int16 = "INT16"
    case int32 = "INT32"
    case int64 = "INT64"
    case uint8 = "UINT8"
    case uint16 = "UINT16"
    case uint32 = "UINT32"
    case uint64 = "UINT64"
    case fp16 = "FP16"
    case bf16 = "BF16"
    case fp32 = "FP32"
    case fp64 = "FP64"
    case bytes = "BYTES"

    var byteCount: Int {
      switch self {
      case .bool, .int8, .uint8: 1
      case .int16, .uint16, .fp16, .bf16: 2
      case .int32, .uint32, .fp32: 4
      case .int64, .uint64, .fp64: 8
      case .bytes: 9
      }
    }

    func append(to bytes: inout [UInt8], using random: inout some RandomNumberGenerator) {
      switch self {
      case .bool: bytes.append(UInt8.random(in: 0...1, using: &random))
      case .int8, .int16, .int32, .int64, .uint8, .uint16, .uint32, .uint64:
        append(UInt64.random(in: 0...3, using: &random), to: &bytes)
      // Swift on x86 has no type for half precision. Its bits 0x3800 are 0.5, and the ten lowest what is added up to 1.
      case .fp16: append(0x3800 | UInt64.random(in: 0..<0x400, using: &random), to: &bytes)
      case .bf16: append(UInt64(Float.random(in: 0...1, using: &random).bitPattern >> 16), to: &bytes)
      case .fp32: append(UInt64(Float.random(in: 0...1, using: &random).bitPattern), to: &bytes)
      case .fp64: append(Double.random(in: 0...1, using: &random).bitPattern, to: &bytes)
      case .bytes:
        bytes += [5, 0, 0, 0]
        bytes += Array("fleet".utf8)
      }
    }

    /// The lowest bytes of `value`, as many as an element has.
    private func append(_ value: UInt64, to bytes: inout [UInt8]) {
      for index in 0..<byteCount { bytes.append(UInt8(truncatingIfNeeded: value >> (8 * UInt64(index)))) }
    }
  }
}

/// The same values in every run, so that two runs differ in nothing but time (SplitMix64, Steele et al. 2014).
struct BenchRandom: RandomNumberGenerator {
  private var state: UInt64 = 20_261_123

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }
}
