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

  private static let commands = [
    "top", "status", "why", "watch", "push", "diff", "apply", "rollback", "drain", "undrain", "jobs", "alerts", "bench",
    "ca", "key", "sign", "verify", "demo",
  ]

  @Test func everyCommandExplainsItself() async throws {
    for command in Self.commands {
      let result = try await Program.fleet(command, "--help")
      #expect(result.status == 0)
      #expect(result.output.contains("USAGE: fleet \(command)"), "\(result)")
    }
  }
}

extension EndToEnd {
  /// The README's table of commands says what `--help` says, and names no option that there is not.
  @Test func readmeSaysWhatHelpSays() async throws {
    let readme = try String(contentsOf: Programs.repository.appending(path: "README.md"), encoding: .utf8)
    var help = try await Program.fleet("--help").output
    for command in Self.commands {
      let text = try await Program.fleet(command, "--help").output
      help += text
      let overview = text.components(separatedBy: "\n\n")[0].dropFirst("OVERVIEW: ".count).replacing("\n", with: " ")
      #expect(readme.contains("| `fleet \(command)` | \(overview) |"), "the README's row of 'fleet \(command)'")
    }
    help += try await Program.fleet("ca", "issue", "--help").output
    help += try await Program.fleet("alerts", "watch", "--help").output
    help += try await Program.run(Programs.folder.appending(path: "fleetd"), ["run", "--help"]).output
    for match in readme.matches(of: /--[a-z][a-z-]+/) where !match.output.hasPrefix("--help") {
      #expect(help.contains(match.output), "'\(match.output)' is in the README, but in no --help")
    }
  }

  /// The README lists every key of the status document.
  @Test func readmeListsEveryKeyOfTheStatus() async throws {
    let readme = try String(contentsOf: Programs.repository.appending(path: "README.md"), encoding: .utf8)
    let demo = try await Demo(traffic: 30)
    let drain = try await demo.fleet("drain", "austin-01/a", "--reason", "to see its keys")
    #expect(drain.status == 0, "\(drain)")
    let status = try await demo.fleet("status", "--json")
    let document = try JSONSerialization.jsonObject(with: Data(status.output.utf8))
    func keys(_ value: Any, under name: String) -> Set<String> {
      switch value {
      case let list as [Any]: return list.reduce(into: []) { $0.formUnion(keys($1, under: name)) }
      case let table as [String: Any] where name != "labels":
        return table.reduce(into: Set(table.keys)) { $0.formUnion(keys($1.value, under: $1.key)) }
      default: return []
      }
    }
    let found = keys(document, under: "")
    #expect(found.count > 60)
    for key in found.sorted() {
      #expect(readme.contains("`\(key)`") || readme.contains("\"\(key)\""), "the key '\(key)' is not in the README")
    }
    _ = try await demo.stop()
  }
}
