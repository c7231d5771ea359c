import Foundation
import Testing

extension EndToEnd {
  /// What a newcomer does: `fleet demo`, a look, `q`.
  @Test func demoOnAScreenEndsWithQ() async throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "fleet demo \(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    let tmux = try await Tmux(
      columns: 130,
      rows: 34,
      command: "cd '\(Programs.repository.path)'; '\(Programs.fleet.path)' demo --fault none --state '\(folder.path)'"
    )
    try await tmux.expect(text: "6 healthy", within: .seconds(60))
    try await tmux.expect(text: "0 lost")
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.appending(path: "nodes").path)
    #expect(names.count == 6)
    let running = try agents(of: folder)
    #expect(running.count == 12, "six agents and six engines: \(running)")
    try await tmux.type("q")
    try await tmux.expect(text: "ended with 0")
    try await tmux.expect("the shoppers' sum is told") { $0.contains("0 lost, 0 wrong") }
    let isQuiet = try await eventually(within: .seconds(10)) { try agents(of: folder).isEmpty }
    let left = try agents(of: folder)
    #expect(isQuiet, "no process of the demo is left: \(left)")
  }

  /// Every agent of the demo in `folder`, and every child of one.
  private func agents(of folder: URL) throws -> [String] {
    let processes = try FileManager.default.contentsOfDirectory(atPath: "/proc").compactMap { Int32($0) }
    func arguments(_ pid: Int32) -> String {
      let text = (try? String(contentsOfFile: "/proc/\(pid)/cmdline", encoding: .utf8)) ?? ""
      return text.replacing("\0", with: " ")
    }
    func parent(_ pid: Int32) -> Int32? {
      let stat = (try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)) ?? ""
      let fields = stat[(stat.lastIndex(of: ")") ?? stat.startIndex)...].split(separator: " ")
      return fields.count > 2 ? Int32(fields[2]) : nil
    }
    let agents = processes.filter { pid in
      let text = arguments(pid)
      return text.contains("fleetd run") && text.contains(folder.lastPathComponent)
    }
    let engines = processes.filter { pid in parent(pid).map(agents.contains) ?? false }
    return (agents + engines).map { "\($0) \(arguments($0))" }
  }
}
