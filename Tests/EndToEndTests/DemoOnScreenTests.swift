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
    let running = try await agents(of: folder)
    #expect(running.count == 12, "six agents and six engines: \(running)")
    try await tmux.type("q")
    try await tmux.expect(text: "ended with 0")
    try await tmux.expect("the shoppers' sum is told") { $0.contains("0 lost, 0 wrong") }
    let isQuiet = try await eventually(within: .seconds(10)) { try await agents(of: folder).isEmpty }
    #expect(isQuiet, "no process of the demo is left: \(try await agents(of: folder))")
  }

  /// Every agent and engine whose parameters, or whose parent's, name the demo's folder.
  private func agents(of folder: URL) async throws -> [String] {
    let list = try await Program.run(URL(filePath: "/bin/ps"), ["-eo", "pid,ppid,args", "-ww"]).output
    let lines = list.split(separator: "\n").map(String.init)
    let agents = lines.filter { $0.contains("fleetd run") && $0.contains(folder.lastPathComponent) }
    let pids = Set(agents.compactMap { $0.split(separator: " ").first })
    let engines = lines.filter { line in
      let parts = line.split(separator: " ", maxSplits: 2)
      return parts.count == 3 && pids.contains(parts[1]) && parts[2].contains("engine")
    }
    return agents + engines
  }
}
