import Foundation
import Testing

extension EndToEnd {
  @Test func dashboardDrainsPushesAndRestoresTheTerminal() async throws {
    let demo = try await Demo(traffic: 120)
    let tmux = try await Tmux(
      columns: 130,
      rows: 34,
      command: "'\(Programs.fleet.path)' top --fleet '\(demo.report.fleet_file)'"
    )
    try await tmux.expect("six nodes serve") { screen in
      screen.components(separatedBy: "serving").count > 8 && screen.contains("6 healthy")
    }
    // The dialog's focus is on Cancel: the two fields above it, then Cancel, then the button that acts.
    try await tmux.type("d")
    try await tmux.expect(text: "taken over by  austin-01/b")
    try await tmux.type("Enter")
    try await tmux.expect("Cancel was chosen and nothing has happened") { screen in
      !screen.contains("what will happen") && !screen.contains("drained")
    }
    try await tmux.type("d", "Right", "Enter")
    try await tmux.expect(text: "drained: nothing in flight")
    try await tmux.type("Enter")
    try await demo.expectNode("austin-01/a", within: .seconds(10), "it is drained") { $0.availability == "drained" }
    try await tmux.type("u")
    try await tmux.expect(text: "[ Cancel ]")
    try await tmux.type("Right", "Enter")
    try await demo.expectNode("austin-01/a", within: .seconds(10), "it serves again") { $0.availability == "serving" }
    try await tmux.type("Escape")
    try await tmux.expect("no dialog is open") { !$0.contains("undrain austin-01/a ─") }
    try await tmux.type("q")
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
    let command =
      "sh -c 'echo $$ > \(file.path); exec \"\(Programs.fleet.path)\" top --fleet \"\(demo.report.fleet_file)\"'"
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
