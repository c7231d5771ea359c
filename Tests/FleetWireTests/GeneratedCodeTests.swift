import FleetTestSupport
import Foundation
import Testing

@Suite struct GeneratedCodeTests {
  @Test func `The generated code is that of the proto files`() throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "\(Repository.root)/.ci/generate-protobuf.sh")
    process.arguments = ["--check"]
    let pipe = Pipe()
    process.standardError = pipe
    try process.run()
    let said = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    #expect(process.terminationStatus == 0, "\(said)")
  }

  @Test func `No message of the protocol could carry a tensor`() throws {
    let proto = try String(
      contentsOfFile: "\(Repository.root)/Sources/FleetWire/Proto/fleet/v1/node_agent.proto",
      encoding: .utf8
    )
    let fields = proto.split(separator: "\n").filter { $0.contains("=") && !$0.contains("//") }
    // A chunk and a piece of a model's file on their way to a node, and a piece on its way from one to its sibling.
    let bytes = fields.filter { $0.contains(" bytes ") && !$0.contains("int64 ") }
    #expect(bytes == ["  bytes content = 4;", "    bytes content = 2;", "  bytes content = 1;"])
    #expect(!fields.contains { $0.contains("repeated double") || $0.contains("repeated float") })
  }
}
