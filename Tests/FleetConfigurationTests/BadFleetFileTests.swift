import FleetConfiguration
import Foundation
import Testing

/// Each `Tests/Fixtures/fleet/bad/NAME.yaml` must give the words of `NAME.expected`. Recorded with RECORD_SNAPSHOTS=1; look at
/// every line and column before you commit them.
struct BadFleetFileTests {
  private static let folder = URL(filePath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "Fixtures/fleet/bad")
  private static let isRecording = ProcessInfo.processInfo.environment["RECORD_SNAPSHOTS"] == "1"

  private static let names: [String] = {
    let files = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    return files.filter { $0.hasSuffix(".yaml") }.map { String($0.dropLast(5)) }.sorted()
  }()

  @Test(.timeLimit(.minutes(1)), arguments: names)
  func saysWhatIsWrongAndWhere(_ name: String) throws {
    let path = Self.folder.appending(path: "\(name).yaml").path
    let error = try #require(throws: ConfigurationError.self) { _ = try FleetFile.read(path: path) }
    let message = error.description.replacing(path, with: "\(name).yaml") + "\n"
    let expected = Self.folder.appending(path: "\(name).expected")
    if Self.isRecording {
      try message.write(to: expected, atomically: true, encoding: .utf8)
      Issue.record("recorded \(name).expected")
    } else {
      #expect(try message == String(contentsOf: expected, encoding: .utf8))
    }
  }

  @Test func thereAreFixtures() throws {
    let files = try FileManager.default.contentsOfDirectory(atPath: Self.folder.path)
    let expected = files.filter { $0.hasSuffix(".expected") }.map { String($0.dropLast(9)) }.sorted()
    #expect(expected == Self.names)
    #expect(Self.names.count >= 30)
  }

  @Test func theIssuesExampleReadsAsPromised() {
    let text = """
      version: 1
      fleet: acme
      stores:
        - {name: austin-01, nodes: [{name: a, address: "127.0.0.1:9101"}]}
        - {name: denver-02, nodes: [{name: a, address: "127.0.0.1:9103"}]}
        - name: miami-03
          nodes:
            - {name: a, address: soon}
      """
    let error = #expect(throws: ConfigurationError.self) { _ = try FleetFile.parse(text: text, file: "fleet.yaml") }
    #expect(error?.description == "fleet.yaml:8:28: stores[2].nodes[0].address: expected HOST:PORT, found 'soon'")
  }
}
