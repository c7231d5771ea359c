import FleetCore
import FleetServing
import FleetWire
import Foundation
import NIOCore
import Testing

@Suite struct ComputeWatchTests {
  private static func version(_ number: Int, computeLimit: Double) throws -> ServedVersion {
    var options = ModelOptions()
    options.computeLimit = computeLimit
    return ServedVersion(
      version: ModelVersion(name: "digits", number: number),
      digest: ModelDigest(ofManifest: []),
      model: try FakeEngine().load(folder: "marker-1"),
      options: options
    )
  }

  @Test func tellsWhatRunsAndForHowLong() throws {
    let watch = ComputeWatch()
    #expect(watch.oldest == nil)
    let start = NIODeadline.uptimeNanoseconds(5_000_000_000)
    let first = watch.begin(try Self.version(1, computeLimit: 10), at: start)
    let second = watch.begin(try Self.version(2, computeLimit: 1), at: start + .seconds(1))
    let running = watch.running(at: start + .seconds(3)).sorted { $0.seconds < $1.seconds }
    #expect(running.map(\.version.number) == [2, 1])
    #expect(running.map(\.seconds) == [2, 3])
    #expect(running.map(\.isOverdue) == [true, false])
    #expect(watch.oldest?.version.number == 1)
    watch.end(first)
    #expect(watch.oldest?.version.number == 2)
    watch.end(second)
    #expect(watch.oldest == nil)
  }
}
