import FleetCore
import FleetWire
import Foundation
import NIOCore
import NIOPosix
import Testing

@testable import FleetServing

@Suite struct FlightRecorderTests {
  /// Memory for a recorder, and a way to read it as the agent does.
  private static func memory() throws -> (recorder: FlightRecorder, read: () throws -> FlightRecord) {
    let url = FileManager.default.temporaryDirectory.appending(path: "flight-\(UUID().uuidString)")
    try Data(count: FlightRecord.bytes).write(to: url)
    let descriptor = unsafe open(url.path(percentEncoded: false), O_RDWR)
    let handle = try FileHandle(forReadingFrom: url)
    try FileManager.default.removeItem(at: url)
    let recorder = try #require(FlightRecorder(descriptor: descriptor))
    return (
      recorder,
      {
        try handle.seek(toOffset: 0)
        return FlightRecord(bytes: Array(try handle.readToEnd() ?? Data()))
      }
    )
  }

  @Test func computationsAreNotedWhileTheyRun() throws {
    let (recorder, read) = try Self.memory()
    let watch = ComputeWatch()
    watch.record(to: recorder)
    func served(_ number: Int) -> ServedVersion {
      ServedVersion(
        version: ModelVersion(name: "digits", number: number),
        digest: ModelDigest(ofManifest: []),
        model: FakeModel(marker: 1)
      )
    }
    #expect(try read() == FlightRecord())
    let first = watch.begin(served(1), at: .now())
    let second = watch.begin(served(12), at: .now())
    #expect(try read().computing.map(\.number) == [1, 12])
    watch.end(first)
    #expect(try read().computing.map(\.number) == [12])
    watch.end(second)
    #expect(try read() == FlightRecord())
    // More at once than there are places to note.
    let many = (0..<100).map { _ in watch.begin(served(7), at: .now()) }
    #expect(try read().computing.map(\.number) == [7])
    many.forEach(watch.end)
    #expect(try read() == FlightRecord())
  }

  @Test func loadsAreNotedWhileTheyRun() async throws {
    let (recorder, read) = try Self.memory()
    let runtime = FakeEngine(loading: Gate(isOpen: false))
    let loader = ModelLoader(registry: ModelRegistry(), recorder: recorder) { runtime }
    let version = ModelVersion(name: "digits", number: 3)
    let entry = CatalogEntry(
      version: version,
      digest: ModelDigest(ofManifest: []),
      folder: "/models/marker-3",
      isActive: true
    )
    loader.know([entry])
    let loaded = loader.load("digits", on: MultiThreadedEventLoopGroup.singleton.next())
    try await eventually("it loads") { runtime.loading.arrivals == 1 }
    #expect(try read() == FlightRecord(loading: version))
    runtime.loading.open()
    #expect(try await loaded.get() == nil)
    #expect(try read() == FlightRecord())
    loader.stop()
  }
}
