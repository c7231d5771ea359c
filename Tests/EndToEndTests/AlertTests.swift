import Foundation
import Testing

extension EndToEnd {
  private struct Listing: Decodable {
    struct Entry: Decodable {
      var id: Int
      var state: String
      var severity: String
      var kind: String
      var nodes: [String]
      var acknowledged_by: String?
      var resolution: String?
    }
    var schema: Int
    var watcher: String?
    var alerts: [Entry]
  }

  /// A server in Python that fails twice and then writes each POST to a line of a file.
  private static let server = """
    import http.server, sys
    left = [2]
    class Handler(http.server.BaseHTTPRequestHandler):
      def do_POST(self):
        body = self.rfile.read(int(self.headers['content-length']))
        left[0] -= 1
        self.send_response(500 if left[0] >= 0 else 204)
        self.send_header('content-length', '0')
        self.end_headers()
        with open(sys.argv[1], 'ab') as log: log.write((b'500 ' if left[0] >= 0 else b'204 ') + body + b'\\n')
      def log_message(self, *words): pass
    server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
    open(sys.argv[2], 'w').write(str(server.server_port))
    server.serve_forever()
    """

  @Test func aFaultyNodeIsOneAlertThatAWebhookGetsOnce() async throws {
    let demo = try await Demo(traffic: 200, fault: "denver-02/b latency=120ms after=1s")
    let folder = FileManager.default.temporaryDirectory.appending(path: "fleet alerts \(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let (log, port, got) = (
      folder.appending(path: "log"), folder.appending(path: "port"), folder.appending(path: "got")
    )
    let script = folder.appending(path: "server.py")
    try Self.server.write(to: script, atomically: true, encoding: .utf8)
    let server = try Self.start(URL(filePath: "/usr/bin/python3"), [script.path, log.path, port.path])
    // It may have been started with every other signal blocked.
    defer { kill(server.processIdentifier, SIGKILL) }
    try #require(await eventually(within: .seconds(10)) { FileManager.default.fileExists(atPath: port.path) })
    let number = try await eventuallyText(port)
    let watch = try Self.start(
      Programs.fleet,
      [
        "alerts", "watch", "--fleet", demo.report.fleet_file, "--webhook", "http://127.0.0.1:\(number)/hook",
        "--exec", "cat >> '\(got.path)'",
      ]
    )
    defer { watch.terminate() }
    func lines(_ file: URL) -> [String] {
      ((try? String(contentsOf: file, encoding: .utf8)) ?? "").split(separator: "\n").map(String.init)
    }
    let isTold = await eventually(within: .seconds(90)) { lines(log).contains { $0.hasPrefix("204 ") } }
    #expect(isTold, "\(lines(log))")
    let listed = try await demo.fleet("alerts", "--json").decoded(Listing.self)
    #expect(listed.schema == 1 && listed.watcher != nil)
    #expect(listed.alerts.count == 1, "\(listed)")
    #expect(listed.alerts.first?.nodes == ["denver-02/b"] && listed.alerts.first?.severity == "critical", "\(listed)")
    #expect(lines(log).count == 3 && lines(log).prefix(2).allSatisfy { $0.hasPrefix("500 ") }, "\(lines(log))")
    let isRun = await eventually(within: .seconds(10)) { !lines(got).isEmpty }
    #expect(isRun && lines(got).count == 1 && lines(log).last == lines(got).first.map { "204 \($0)" })

    let second = try await demo.fleet("alerts", "watch", deadline: .seconds(20))
    #expect(second.status == 1 && second.errors.contains("another 'fleet alerts watch' has fleet 'acme'"), "\(second)")

    let taken = try await demo.fleet("alerts", "ack", "1")
    #expect(taken.status == 0 && taken.output.contains("denver-02/b"), "\(taken)")
    let again = try await demo.fleet("alerts", "ack", "7")
    #expect(again.status == 1 && again.errors.contains("no alert 7"), "\(again)")
    watch.terminate()
    watch.waitUntilExit()
    let later = try await demo.fleet("alerts", "--json").decoded(Listing.self)
    #expect(later.watcher == nil && later.alerts.map(\.state) == ["acknowledged"], "\(later)")
    #expect(later.alerts.first?.acknowledged_by?.isEmpty == false)
    _ = try await demo.stop()
  }

  @Test func theDrainsPlanSaysWhoTakesOverAndOrdersNothing() async throws {
    let demo = try await Demo(traffic: 60)
    let plan = try await demo.fleet("drain", "austin-01/a", "--plan")
    #expect(plan.status == 0 && plan.output.contains("austin-01/a: would be drained"), "\(plan)")
    #expect(plan.output.contains("taken over by   austin-01/b (healthy)"), "\(plan)")
    let drain = try await demo.fleet("drain", "austin-01/b", "--reason", "a test")
    #expect(drain.status == 0, "\(drain)")
    let last = try await demo.fleet("drain", "austin-01/a", "--plan", "--json")
    #expect(last.status == 1, "\(last)")
    #expect(last.output.contains("\"needs_force\" : true") && last.output.contains("drained itself"), "\(last)")
    try await demo.expectNode("austin-01/a", within: .seconds(5), "a plan orders nothing") {
      $0.availability == "serving"
    }
    let none = try await demo.fleet("drain", "austin-01/a")
    #expect(none.status == 2 && none.errors.contains("--reason: the next person wants to know why"), "\(none)")
    _ = try await demo.stop()
  }

  private static func start(_ program: URL, _ arguments: [String]) throws -> Process {
    let process = Process()
    process.executableURL = program
    process.arguments = arguments
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    return process
  }

  private func eventuallyText(_ file: URL) async throws -> String {
    var text = ""
    _ = await eventually(within: .seconds(5)) {
      text = (try? String(contentsOf: file, encoding: .utf8)) ?? ""
      return !text.isEmpty
    }
    return text
  }
}
