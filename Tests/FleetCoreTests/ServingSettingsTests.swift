import FleetCore
import Testing

struct ServingSettingsTests {
  @Test func readsAModel() throws {
    let setting = try ModelSetting(
      parsing: "tag-reader queue=64 wait=500ms batch=8 delay=2ms hint=throughput versions=all limit=30s"
    )
    var expected = ModelOptions()
    expected.largestBatch = 8
    expected.longestDelay = 0.002
    expected.hint = .throughput
    expected.versions = .all
    #expect(setting.name == "tag-reader")
    #expect(setting.options == expected)
    #expect(try ModelSetting(parsing: "m versions=3,1").options.versions == .listed([3, 1]))
    #expect(try ModelSetting(parsing: "m").options == ModelOptions())
  }

  @Test func saysAllProblemsOfAModelAtOnce() {
    expect(
      "queue=0 wait=soon batch=8 batch=9 hint=fast versions=1,,2 limt=3s delay",
      """
      --model: expected a model's name first, as in 'tag-reader queue=64', found 'queue=0 wait=soon batch=8 batch=9 hint=fast versions=1,,2 limt=3s delay'
      --model: queue: expected a number of requests from 1 to 65536, found '0'
      --model: wait: expected a duration up to '10m', found 'soon'
      --model: batch: given twice
      --model: hint: expected 'auto', 'latency' or 'throughput', found 'fast'
      --model: versions: expected 'latest', 'all' or numbers such as '1,3', found '1,,2'
      --model: unknown key 'limt'; did you mean 'limit'?
      --model: expected key=value, found 'delay'
      """
    ) { _ = try ModelSetting(parsing: $0) }
  }

  @Test(arguments: ["", " ", "../x queue=3"])
  func refusesAModelWithoutAName(_ text: String) {
    #expect(throws: CommandError.self) { try ModelSetting(parsing: text) }
  }

  @Test func readsLimits() throws {
    let text = "body=64MB decompressed=128MB total=512MB head=32KB connections=4096 stall=30s idle=75s"
    let limits = try ServingLimits(parsing: text)
    #expect(limits.bodyBytes == 64 << 20 && limits.totalBodyBytes == 512 << 20 && limits.headBytes == 32 << 10)
    #expect(limits.decompressedBytes == 128 << 20 && limits.connections == 4096)
    #expect(limits.stall == .seconds(30) && limits.idle == .seconds(75))
    #expect(try ServingLimits(parsing: limits.text) == limits)
    #expect(try ServingLimits(parsing: "") == ServingLimits())
  }

  @Test func saysAllProblemsOfLimitsAtOnce() {
    expect(
      "body=2MB total=1MB connections=0 idel=3s head=2GB",
      """
      --limits: connections: expected a number from 1 to 1000000, found '0'
      --limits: unknown key 'idel'; did you mean 'idle'?
      --limits: head: expected a size from '1KB' to '1MB', found '2GB'
      --limits: total: 1MB is less than one body of 2MB
      """
    ) { _ = try ServingLimits(parsing: $0) }
  }

  private func expect(
    _ text: String,
    _ message: String,
    sourceLocation: SourceLocation = #_sourceLocation,
    _ parse: (String) throws -> Void
  ) {
    let error = #expect(throws: CommandError.self, sourceLocation: sourceLocation) { try parse(text) }
    #expect(error == CommandError(.invalid, message), sourceLocation: sourceLocation)
  }
}
