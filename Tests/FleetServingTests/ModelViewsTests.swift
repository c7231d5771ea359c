import FleetCore
import NIOCore
import Testing

@testable import FleetServing

/// What both codecs tell of a model.
@Suite struct ModelViewsTests {
  private struct Shapes: LoadedModel {
    let platform = "fake"
    var inputs: [TensorDescription]
    var outputs: [TensorDescription]

    func infer(_ inputs: [Tensor], wanted: [Int]) throws -> [Tensor] { [] }
  }

  /// Fails where a caller's inputs would have been refused.
  private struct CheckingModel: LoadedModel {
    let platform = "fake"
    let echo: EchoModel
    var inputs: [TensorDescription] { echo.inputs }
    var outputs: [TensorDescription] { echo.outputs }

    func infer(_ inputs: [Tensor], wanted: [Int]) throws -> [Tensor] {
      _ = try InferValidation.prepare(InferRequest(inputs: inputs), for: echo)
      return try echo.infer(inputs, wanted: wanted)
    }
  }

  private static func served(_ input: [Int], _ output: [Int], _ options: ModelOptions = ModelOptions()) -> ServedVersion
  {
    ServedVersion(
      version: ModelVersion(name: "digits", number: 3),
      digest: ModelDigest(ofManifest: []),
      model: Shapes(
        inputs: [TensorDescription(name: "a", datatype: .bytes, shape: input)],
        outputs: [TensorDescription(name: "b", datatype: .bf16, shape: output)]
      ),
      options: options
    )
  }

  @Test func configurationLeavesOutTheRows() {
    let free = ModelConfiguration(Self.served([-1, 64], [-1]))
    #expect(free.maximumBatch == 1024)
    #expect(free.inputs == [.init(name: "a", datatype: .bytes, dimensions: [64])])
    #expect(free.outputs == [.init(name: "b", datatype: .bf16, dimensions: [])])
    #expect(free.dynamicBatching == nil)
    #expect(TensorDatatype.bytes.configurationName == "TYPE_STRING")
    #expect(TensorDatatype.bf16.configurationName == "TYPE_BF16")
  }

  @Test(arguments: [[1, 64], [], [64, -1]])
  func fixedRowsAreDimensionsLikeOthers(shape: [Int]) {
    var options = ModelOptions()
    options.largestBatch = 8
    for (input, output) in [(shape, [-1, 2]), ([-1, 2], shape)] {
      let fixed = ModelConfiguration(Self.served(input, output, options))
      #expect(fixed.maximumBatch == 0)
      #expect(fixed.inputs[0].dimensions == input)
      #expect(fixed.outputs[0].dimensions == output)
      #expect(fixed.dynamicBatching == nil, "rows that are not free cannot be put together")
    }
  }

  @Test func configurationTellsOfBatching() {
    var options = ModelOptions()
    options.largestBatch = 8
    options.longestDelay = 0.0005
    options.maximumWait = .infinity
    options.versions = .listed([3, 5])
    let configuration = ModelConfiguration(Self.served([-1, 64], [-1], options))
    #expect(
      configuration.dynamicBatching
        == .init(
          largestBatch: 8,
          longestDelayMicroseconds: 500,
          maximumQueued: 64,
          longestWaitMicroseconds: 1_000_000_000_000_000
        )
    )
    #expect(configuration.versions == .listed([3, 5]))
  }

  @Test func datatypesHaveTheirNumbersInTritonsProto() {
    #expect(Set(TensorDatatype.allCases.map(\.configurationNumber)) == Set(1...14))
    #expect(TensorDatatype.fp32.configurationNumber == 11)
    #expect(TensorDatatype.bytes.configurationNumber == 13)
  }

  @Test func statisticsAreSortedByRows() {
    let served = Self.served([-1], [-1])
    served.statistics.update { counts in
      counts.inferences = 12
      for rows in [8, 1, 4] {
        var batch = VersionStatistics.Batch()
        batch.infer.add(.nanoseconds(Int64(rows)))
        counts.batches[rows] = batch
      }
    }
    let view = ModelStatisticsView(served)
    #expect((view.name, view.version) == ("digits", 3))
    #expect(view.counts.inferences == 12)
    #expect(view.batches.map(\.size) == [1, 4, 8])
    #expect(view.batches[2].infer == .init(count: 1, nanoseconds: 8))
  }

  @Test(arguments: TensorDatatype.allCases)
  func everyDatatypeWarmsUp(datatype: TensorDatatype) throws {
    let model = CheckingModel(echo: EchoModel(datatype, shape: [-1, 2]))
    let served = ServedVersion(
      version: ModelVersion(name: "echo", number: 1),
      digest: ModelDigest(ofManifest: []),
      model: model
    )
    // The model sees only what a caller could send.
    try served.warmUp()
  }

  @Test func elementsOfBytesTensorsMustAddUp() {
    func bytes(_ parts: [UInt8]...) -> ByteBuffer { ByteBuffer(bytes: parts.joined()) }
    let two = bytes([1, 0, 0, 0], [65], [0, 0, 0, 0])
    #expect(BytesElements.problem(in: two, count: 2) == nil)
    #expect(BytesElements.problem(in: bytes(), count: 0) == nil)
    #expect(BytesElements.problem(in: two, count: 1) == "expected 1 elements, found more")
    #expect(BytesElements.problem(in: two, count: 3) == "expected 3 elements, found 2")
    #expect(BytesElements.problem(in: bytes([1, 0, 0]), count: 1) == "element 0 ends within its length")
    #expect(
      BytesElements.problem(in: bytes([255, 255, 255, 255], [1]), count: 1)
        == "element 0 says it is 4294967295 bytes, but only 1 are left"
    )
    var written = ByteBuffer()
    #expect(BytesElements.write(Array("A".utf8), to: &written) && BytesElements.write([UInt8](), to: &written))
    #expect(written == two)
  }
}
