import Foundation
import Testing

extension EndToEnd {
  /// Begun on one screen, it goes on when that is killed; killed itself, it is offered on the next one.
  @Test func aPushBegunOnTheScreenOutlivesItAndIsOfferedWhenInterrupted() async throws {
    let demo = try await Demo(traffic: 120)
    let top =
      "sh -c 'echo $$ > \"\(demo.folder.path)/screen\"; exec \"\(Programs.fleet.path)\" top --fleet \"\(demo.report.fleet_file)\"'"
    let first = try await Tmux(columns: 130, rows: 34, command: top)
    try await first.expect(text: "6 healthy", within: .seconds(60))
    try await first.type("p")
    try await first.expect("the plan is there before anything moves") { screen in
      screen.contains("wave 1") && screen.contains("no problem is known") && screen.contains("[ Cancel ]")
    }
    try await first.type("Right", "Enter")
    try await first.expect(text: "push-0001 ▶ running", within: .seconds(30))
    let before = try await process(of: demo)
    let text = try String(contentsOf: demo.folder.appending(path: "screen"), encoding: .utf8)
    let screen = try #require(Int32(text.trimmingCharacters(in: .whitespacesAndNewlines)))
    kill(screen, SIGKILL)
    try await first.expect(text: "ended with 137")
    let after = try await process(of: demo)
    #expect(after == before, "the job's process goes on without the screen")

    kill(before, SIGKILL)
    let second = try await Tmux(columns: 130, rows: 34, command: top)
    try await second.expect(text: "push-0001 was interrupted", within: .seconds(30))
    try await second.type("Right", "Enter")
    let resumed = try await eventually(within: .seconds(30)) {
      let show = try await demo.fleet("jobs", "list", "--json").output
      return show.contains("\"state\" : \"running\"") && !show.contains("\"process\" : \(before)\n")
    }
    #expect(resumed, "a new process goes on with it")
    try await second.type("J", "x")
    try await second.expect(text: "[ Leave ]")
    try await second.type("Right", "Enter")
    try await second.expect(text: "cancelled", within: .seconds(60))
    try await second.type("q")
    try await second.expect(text: "ended with 0")
    _ = try await demo.stop()
  }

  private func process(of demo: Demo) async throws -> Int32 {
    struct List: Decodable {
      struct Job: Decodable {
        var process: Int32?
      }
      var jobs: [Job]
    }
    let list = try await demo.fleet("jobs", "list", "--json")
    return try #require(try list.decoded(List.self).jobs.first?.process, "\(list)")
  }
}
