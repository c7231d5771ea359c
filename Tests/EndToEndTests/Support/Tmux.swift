import Foundation
import Testing

/// A program on a real terminal: types keys and reads the screen, by way of tmux on a server of its own.
final class Tmux {
  private let socket = "fleet-test-\(UUID().uuidString.prefix(8))"
  private let program = URL(filePath: "/usr/bin/tmux")

  /// Starts `command` in a shell, so that what it leaves on the terminal can be seen after its end.
  init(columns: Int, rows: Int, command: String) async throws {
    let size = ["-x", "\(columns)", "-y", "\(rows)"]
    // The shell says when the program has ended and whether the terminal still echoes what is typed.
    let script =
      "\(command); echo ended with $?; stty -a | grep -o -E -- '-?(echo|icanon) ' | tr -d '\\n'; exec sleep 600"
    // The server outlives its client; it must not keep the descriptor by which Foundation learns of the client's end.
    let closing = "for f in /proc/self/fd/*; do n=${f##*/}; [ $n -gt 2 ] && eval \"exec $n>&-\"; done; exec tmux \"$@\""
    let result = try await Program.run(
      URL(filePath: "/bin/bash"),
      ["-c", closing, "tmux", "-L", socket, "-f", "/dev/null", "new-session", "-d"] + size + ["sh", "-c", script],
      environment: ["TERM": "xterm-256color", "LC_ALL": "C.UTF-8"],
      deadline: .seconds(20)
    )
    guard result.status == 0 else { throw DemoFailure(description: "tmux does not start: \(result)") }
  }

  deinit {
    let process = Process()
    process.executableURL = program
    process.arguments = ["-L", socket, "kill-server"]
    process.standardError = FileHandle.nullDevice
    try? process.run()
    process.waitUntilExit()
  }

  func screen() async throws -> String {
    try await Program.run(program, ["-L", socket, "capture-pane", "-p"]).output
  }

  func type(_ keys: String...) async throws {
    for key in keys { _ = try await Program.run(program, ["-L", socket, "send-keys", key]) }
  }

  /// Waits until the screen satisfies `condition`, and shows the last one when it never does.
  func expect(
    _ what: String,
    within deadline: Duration = .seconds(20),
    sourceLocation: SourceLocation = #_sourceLocation,
    _ condition: (String) -> Bool
  ) async throws {
    var last = ""
    let holds = try await eventually(within: deadline) {
      last = try await screen()
      return condition(last)
    }
    #expect(holds, "\(what)\n\(last)", sourceLocation: sourceLocation)
  }

  func expect(
    text: String,
    within deadline: Duration = .seconds(20),
    sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    try await expect("'\(text)' shows", within: deadline, sourceLocation: sourceLocation) { $0.contains(text) }
  }
}
