import Testing

@testable import fleet

struct BenchInputTests {
  @Test(arguments: [
    ("BOOL", 1), ("INT8", 1), ("INT16", 2), ("INT32", 4), ("INT64", 8), ("UINT8", 1), ("UINT16", 2), ("UINT32", 4),
    ("UINT64", 8), ("FP16", 2), ("BF16", 2), ("FP32", 4), ("FP64", 8), ("BYTES", 9),
  ])
  func fillsEveryDatatype(_ datatype: String, _ byteCount: Int) throws {
    var random = BenchRandom()
    let tensor = try BenchTensor(
      filling: BenchInput(name: "x", datatype: datatype, shape: [-1, 3, 2]),
      using: &random
    )
    #expect(tensor.shape == [1, 3, 2])
    #expect(tensor.bytes.count == 6 * byteCount)
  }

  @Test func floatsLieBetweenZeroAndOne() throws {
    var random = BenchRandom()
    let single = try BenchTensor(filling: BenchInput(name: "x", datatype: "FP32", shape: [1000]), using: &random)
    for index in stride(from: 0, to: 4000, by: 4) {
      let bits = (0..<4).reduce(UInt32(0)) { $0 | UInt32(single.bytes[index + $1]) << (8 * UInt32($1)) }
      #expect((0...1).contains(Float(bitPattern: bits)))
    }
    let half = try BenchTensor(filling: BenchInput(name: "x", datatype: "FP16", shape: [1000]), using: &random)
    for index in stride(from: 1, to: 2000, by: 2) { #expect(half.bytes[index] & 0xfc == 0x38, "0.5 to 1") }
    #expect(Set(single.bytes).count > 100 && Set(half.bytes).count > 100, "they differ")
  }

  @Test func everyRunHasTheSameValues() throws {
    let input = BenchInput(name: "x", datatype: "FP32", shape: [64])
    var (first, second) = (BenchRandom(), BenchRandom())
    #expect(try BenchTensor(filling: input, using: &first) == BenchTensor(filling: input, using: &second))
  }

  @Test(arguments: [
    BenchInput(name: "x", datatype: "FP8", shape: [1]),
    BenchInput(name: "x", datatype: "FP32", shape: [.max, .max]),
    BenchInput(name: "x", datatype: "FP64", shape: [1 << 26]),
  ])
  func refusesWhatItCannotFill(_ input: BenchInput) {
    var random = BenchRandom()
    #expect(throws: BenchError.self) { try BenchTensor(filling: input, using: &random) }
  }

  @Test func readsModelNames() {
    #expect(BenchModelName("mlp")?.version == nil)
    #expect(BenchModelName("mlp@2")?.name == "mlp")
    #expect(BenchModelName("mlp@2")?.version == "2")
    for wrong in ["", "@2", "mlp@"] { #expect(BenchModelName(wrong) == nil, "'\(wrong)'") }
  }
}
