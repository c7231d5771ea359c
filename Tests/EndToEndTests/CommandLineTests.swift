import Foundation
import Testing

extension EndToEnd {
  @Test func wrongUsageSaysWhatWasMeant() async throws {
    let cases: [(arguments: [String], words: String)] = [
      (["drain", "denver-02/c", "--reason", "x"], "did you mean 'denver-02/"),
      (["push", "tag-raeder@2", "--to", "all"], "did you mean 'tag-reader'?"),
      (["push", "tag-reader@17", "--to", "all"], "there are versions 1, 2, 3, 4"),
      (["push", "tag-reader", "--to", "all"], "expected MODEL@VERSION"),
      (
        ["drain", "austin-01/a", "--reason", "x", "--deadline", "soon"],
        "expected a duration such as '60s', found 'soon'"
      ),
      (["status", "region=south and"], "column 17"),
    ]
    for (arguments, words) in cases {
      let result = try await Program.run(Programs.fleet, arguments)
      #expect(result.status == 2, "\(arguments): \(result)")
      #expect(result.errors.contains(words), "\(arguments): \(result)")
    }
  }

  @Test func brokenFleetFileNamesEveryProblem() async throws {
    let file = FileManager.default.temporaryDirectory.appending(path: "fleet-\(UUID().uuidString).yaml")
    defer { try? FileManager.default.removeItem(at: file) }
    try "version: 1\nfleet: acme\nslo: {p99: 50}\nstores:\n  - name: a\n    nodes: [{name: x, address: soon}]\n"
      .write(to: file, atomically: true, encoding: .utf8)
    let result = try await Program.fleet("status", "--fleet", file.path)
    #expect(result.status == 2, "\(result)")
    #expect(
      result.errors.contains("\(file.path):3:12: slo.p99: expected a duration such as '50ms', found '50'"),
      "\(result)"
    )
    #expect(
      result.errors.contains("\(file.path):6:32: stores[0].nodes[0].address: expected HOST:PORT, found 'soon'"),
      "\(result)"
    )
  }

  @Test func everyCommandExplainsItself() async throws {
    for command in ["top", "status", "watch", "push", "rollback", "drain", "undrain", "ca", "demo"] {
      let result = try await Program.fleet(command, "--help")
      #expect(result.status == 0)
      #expect(result.output.contains("USAGE: fleet \(command)"), "\(result)")
    }
  }
}
