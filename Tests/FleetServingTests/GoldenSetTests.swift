import FleetCore
import NIOCore
import NIOPosix
import Testing

import struct FleetTestSupport.SeededRandom

@testable import FleetServing

/// Reading golden sets, also such as nobody honest would write.
@Suite struct GoldenSetTests {
  private static let pixels = TensorDescription(name: "pixels", datatype: .fp32, shape: [-1, 1, 2, 2])

  private static func text(images: String = "[[1,2,3,4],[[[5,6],[7,8]]]]", labels: String = "[0,1]") -> String {
    #"{"input":"pixels","output":"scores","images":\#(images),"labels":\#(labels)}"#
  }

  private static func read(_ text: String) throws -> GoldenSet { try GoldenSet(parsing: Array(text.utf8)) }

  @Test func givesPicturesFlatAndNested() throws {
    let golden = try Self.read(Self.text())
    #expect(golden.input == "pixels" && golden.output == "scores" && golden.labels == [0, 1] && golden.count == 2)
    for (index, first) in [(0, Float(1)), (1, 5)] {
      var tensor = try golden.tensor(index, for: Self.pixels)
      #expect(tensor.shape == [1, 1, 2, 2] && tensor.bytes.readableBytes == 16)
      #expect(tensor.bytes.readInteger(endianness: .little) == first.bitPattern)
    }
    let bytes = try golden.tensor(0, for: TensorDescription(name: "pixels", datatype: .uint8, shape: [4]))
    #expect(bytes.shape == [4] && Array(bytes.bytes.readableBytesView) == [1, 2, 3, 4], "rows need not be left open")
  }

  @Test(arguments: [
    ("", "is not as expected at byte 0: expected '{', found the end"),
    ("[]", "is not as expected at byte 0: expected '{', found '['"),
    ("{}", "'input' is missing; 'output' is missing; 'images' is missing; 'labels' is missing"),
    (text(labels: "[0]"), "there are 2 images and 1 labels; each image needs one"),
    (text(images: "[]", labels: "[]"), "it holds no image"),
    (text(labels: "[0,-1]"), "labels[1]: expected a whole number from 0"),
    (text(labels: "[0,1.5]"), "labels[1]: expected a whole number from 0"),
    (text(labels: "[0,99999999999999999999]"), "labels[1]: expected a whole number from 0"),
    (text(labels: "7"), "expected '[', found '7'"),
    (text(images: "[[1,2,3,4],7]"), "expected a list of numbers, found '7'"),
    (text(images: "[[1,2,3,4],[NaN]]"), "JSON has no NaN"),
    (text() + "x", "something follows the end of the document"),
    (#"{"input":"a","input":"b"}"#, "'input' is there twice"),
    (#"{"input":7}"#, "expected a string, found '7'"),
    (text(images: "[" + String(repeating: "[", count: 70)), "nested deeper than 64"),
    (#"{"more":"# + String(repeating: "[", count: 100_000), "nested deeper than 64"),
  ])
  func saysWhatIsWrongAndWhere(text: String, words: String) {
    let error = #expect(throws: EngineError.self) { try Self.read(text) }
    #expect(
      error?.message.hasPrefix("golden.json") == true && error?.message.contains(words) == true,
      "\(error as Any)"
    )
  }

  @Test(arguments: [
    ("[[1,2,3],[1]]", "images[0] does not fit the input 'pixels' (FP32 [-1,1,2,2]): expected 4 elements, found 3"),
    ("[[1,2,3,4,5],[1]]", "images[0] does not fit the input 'pixels' (FP32 [-1,1,2,2]): more elements than the 4"),
    (#"[["a"],[1]]"#, "expected a number, found '\"'"),
    ("[[1,2,3,1e99],[1]]", "a number too great for FP32"),
    ("[[[[1,2],[3]]],[1]]", "expected 2 elements, found 1"),
    ("[[[[[1]]]],[1]]", "expected a number, found '['"),
  ])
  func pictureThatDoesNotFitIsNamed(images: String, words: String) throws {
    let golden = try Self.read(Self.text(images: images))
    let error = #expect(throws: EngineError.self) { try golden.tensor(0, for: Self.pixels) }
    #expect(error?.message.contains(words) == true, "\(error as Any)")
  }

  @Test func inputWithoutASizeTakesNone() throws {
    let golden = try Self.read(Self.text())
    let open = TensorDescription(name: "pixels", datatype: .fp32, shape: [-1, 3, -1, -1])
    let error = #expect(throws: EngineError.self) { try golden.tensor(0, for: open) }
    #expect(error?.message.contains("has the shape [-1,3,-1,-1]") == true)
  }

  @Test func sizeIsBounded() {
    let images = "[" + Array(repeating: "[1]", count: GoldenResult.maximumImages + 1).joined(separator: ",") + "]"
    let many = #expect(throws: EngineError.self) { try Self.read(Self.text(images: images)) }
    #expect(many?.message.contains("more than 10000 images") == true)
    let huge = [UInt8](repeating: 0x20, count: GoldenResult.maximumBytes + 1)
    let long = #expect(throws: EngineError.self) { try GoldenSet(parsing: huge) }
    #expect(long?.message == "golden.json: 33554433 bytes are more than the 32MB that one may be")
  }

  /// Damaged text is refused or is a golden set, and costs no more than its length.
  @Test func damageIsRefusedOrHarmless() {
    var random = SeededRandom()
    var refused = 0
    for _ in 0..<3000 {
      var bytes = Array(Self.text().utf8)
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        let index = Int.random(in: 0..<bytes.count, using: &random)
        switch Int.random(in: 0..<3, using: &random) {
        case 0: bytes[index] = UInt8.random(in: 0...255, using: &random)
        case 1: bytes.insert(contentsOf: random.bytes(3), at: index)
        default: bytes.removeSubrange(index..<min(bytes.count, index + 7))
        }
        if bytes.isEmpty { break }
      }
      do {
        let golden = try GoldenSet(parsing: bytes)
        for index in 0..<golden.count { _ = try? golden.tensor(index, for: Self.pixels) }
      } catch {
        refused += 1
      }
    }
    #expect(refused > 1000 && refused < 3000, "\(refused) refused, \(random)")
  }

  // MARK: Scores

  private static func floats(_ values: [Float]) -> Tensor {
    var bytes = ByteBuffer()
    for value in values { bytes.writeInteger(value.bitPattern, endianness: .little) }
    return Tensor(name: "scores", datatype: .fp32, shape: [1, values.count], bytes: bytes)
  }

  @Test func theHighestNumberCountsTheFirstOfSeveralAndNoNaN() throws {
    #expect(try GoldenScore.isRight(Self.floats([0.1, 0.7, 0.2]), label: 1))
    #expect(try !GoldenScore.isRight(Self.floats([0.1, 0.7, 0.2]), label: 0))
    #expect(try GoldenScore.isRight(Self.floats([0.5, 0.5]), label: 0))
    #expect(try !GoldenScore.isRight(Self.floats([0.5, 0.5]), label: 1))
    #expect(try !GoldenScore.isRight(Self.floats([.nan, .nan]), label: 0), "a broken model knows nothing")
    #expect(try !GoldenScore.isRight(Self.floats([0.1, .nan, 0.2]), label: 2))
    #expect(try GoldenScore.isRight(Self.floats([-.infinity, -3]), label: 1))
    let none = #expect(throws: EngineError.self) { try GoldenScore.isRight(Self.floats([1, 2]), label: 2) }
    #expect(none?.message == "the label 2 is none of the 2 numbers that output 'scores' gives")
    let words = Tensor(name: "words", datatype: .bytes, shape: [0], bytes: ByteBuffer())
    #expect(throws: EngineError.self) { try GoldenScore.isRight(words, label: 0) }
    let bytes = Tensor(name: "b", datatype: .int8, shape: [3], bytes: ByteBuffer(bytes: [0xff, 0x80, 0x01]))
    #expect(try GoldenScore.isRight(bytes, label: 2), "signs count")
  }

  // MARK: Chores

  @Test func choreThatIsRefusedIsNoClientsFailure() async throws {
    let service = InferenceService(registry: ModelRegistry(), workers: 2)
    let version = ServedVersion(
      version: ModelVersion(name: "digits", number: 1),
      digest: ModelDigest(ofManifest: []),
      model: FakeModel(marker: 1)
    )
    try await service.shutDown()
    let words = await withCheckedContinuation { continuation in
      let chore = WaitingCall(
        target: version,
        meter: ModelMeter(),
        received: .now(),
        work: .chore { continuation.resume(returning: "it ran") },
        refuse: { continuation.resume(returning: $0.message) }
      )
      let loop = MultiThreadedEventLoopGroup.singleton.next()
      _ = service.scheduler.submit(chore, RequestQueue<WaitingCall>.Request(), loop: loop)
    }
    #expect(words == "the engine is stopping")
    #expect(version.statistics.current.failure.count == 0)
  }

  // MARK: Pace

  @Test func paceLeavesRoomAndStillKeepsItsDeadline() {
    let start = NIODeadline.uptimeNanoseconds(1_000_000_000)
    let pace = GoldenPace(deadline: start + .seconds(60), count: 300)
    #expect(pace.pause(after: .milliseconds(1), at: 0, now: start) == .milliseconds(3))
    #expect(pace.patience(at: 0, now: start) == .milliseconds(100))
    #expect(GoldenPace(deadline: start + .seconds(60), count: 3).patience(at: 0, now: start) == .milliseconds(250))
    // A slow model: no pause is left.
    #expect(pace.pause(after: .milliseconds(150), at: 0, now: start) == .zero)
    #expect(pace.patience(at: 299, now: start + .seconds(61)) == .zero, "late is late")
    // As long as computing fits in half of the time, the whole is in time.
    var random = SeededRandom()
    for _ in 0..<200 {
      let count = Int.random(in: 1...500, using: &random)
      let took = TimeAmount.nanoseconds(Int64.random(in: 1_000...(30_000_000_000 / Int64(count)), using: &random))
      let pace = GoldenPace(deadline: start + .seconds(60), count: count)
      var now = start
      for index in 0..<count {
        now = now + took
        now = now + pace.pause(after: took, at: index + 1, now: now)
      }
      #expect(now <= pace.deadline, "\(count) of \(took), \(random)")
    }
  }
}
