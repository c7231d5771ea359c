import Foundation
import Testing

extension EndToEnd {
  @Test func dashboardDrainsPushesAndRestoresTheTerminal() async throws {
    let demo = try await Demo(traffic: 120)
    let tmux = try await Tmux(
      columns: 130,
      rows: 34,
      command: "\(Programs.fleet.path) top --fleet \(demo.report.fleet_file)"
    )
    try await tmux.expect("six nodes serve") { screen in
      screen.components(separatedBy: "serving").count > 8 && screen.contains("6 healthy")
    }
    try await tmux.type("d")
    try await tmux.expect(text: "drain")
    try await tmux.type("Escape", "q")
    try await tmux.expect(text: "ended with 0")
    try await tmux.expect("the terminal echoes and edits lines again") { screen in
      screen.contains("echo") && !screen.contains("-echo") && !screen.contains("-icanon")
    }
    _ = try await demo.stop()
  }

  @Test func dashboardEndsSanelyOnSIGTERM() async throws {
    let demo = try await Demo(traffic: 0)
    let file = FileManager.default.temporaryDirectory.appending(path: "fleet-pid-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: file) }
    // The shell hands its own process over, so that the number it wrote is the dashboard's.
    let command = "sh -c 'echo $$ > \(file.path); exec \(Programs.fleet.path) top --fleet \(demo.report.fleet_file)'"
    let tmux = try await Tmux(columns: 80, rows: 24, command: command)
    try await tmux.expect(text: "6 healthy")
    let pid = try #require(
      Int32(try String(contentsOf: file, encoding: .utf8).trimmingCharacters(in: .whitespacesAndNewlines))
    )
    kill(pid, SIGTERM)
    try await tmux.expect(text: "ended with")
    try await tmux.expect("the terminal echoes and edits lines again") { screen in
      screen.contains("echo") && !screen.contains("-echo") && !screen.contains("-icanon")
    }
    _ = try await demo.stop()
  }
}
