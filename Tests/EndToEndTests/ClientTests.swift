import Foundation
import Testing

/// Clients that people have, as they are, against a real node: Clients/ has what each of them does.
extension EndToEnd {
  static let python = Programs.repository.appending(path: ".deps/python/bin/python")
  private static let clients = Programs.repository.appending(path: "Tests/EndToEndTests/Clients")

  @Test func tritonsClientsGetEveryCallAnswered() async throws {
    let demo = try await Demo(traffic: 0)
    let push = try await demo.fleet("push", "tag-reader@2", "--to", "miami-03")
    #expect(push.status == 0, "\(push)")
    let node = try demo.node("miami-03/a")
    for (form, address) in [("http", node.http), ("grpc", node.grpc)] {
      let result = try await Program.run(
        Self.python,
        [Self.clients.appending(path: "triton.py").path, form, address],
        deadline: .seconds(120)
      )
      #expect(result.status == 0, "\(form): \(result)")
      #expect(result.output.contains(" 0 failed"), "\(form): \(result)")
    }
    _ = try await demo.stop()
  }

  /// Prometheus, with a configuration as people write it, scrapes a node and answers what it was told.
  @Test func prometheusScrapesANode() async throws {
    let demo = try await Demo(traffic: 60)
    let node = try demo.node("austin-01/b")
    let folder = FileManager.default.temporaryDirectory.appending(path: "fleet-prometheus-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let configuration = folder.appending(path: "prometheus.yml")
    try """
    global: {scrape_interval: 1s, scrape_timeout: 1s}
    scrape_configs:
      - job_name: fleet
        static_configs: [{targets: ["\(node.metrics)"]}]
    """.write(to: configuration, atomically: true, encoding: .utf8)
    let address = "127.0.0.1:\(try Self.freePort())"
    let process = Process()
    let program: URL = try #require(prometheus, "make deps brings Prometheus")
    process.executableURL = program
    process.arguments = [
      "--config.file=\(configuration.path)", "--storage.tsdb.path=\(folder.appending(path: "data").path)",
      "--web.listen-address=\(address)", "--log.level=error",
    ]
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    defer {
      process.terminate()
      process.waitUntilExit()
    }
    /// The values of an instant query; nil while there is no answer yet.
    func query(_ text: String) async throws -> [(labels: [String: String], value: Double)]? {
      let result = try await Program.run(
        URL(filePath: "/usr/bin/curl"),
        ["--silent", "--max-time", "5", "--get", "--data-urlencode", "query=\(text)", "http://\(address)/api/v1/query"]
      )
      guard
        let object = try? JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any],
        let data = object["data"] as? [String: Any], let samples = data["result"] as? [[String: Any]], !samples.isEmpty
      else { return nil }
      return samples.compactMap { sample in
        guard let labels = sample["metric"] as? [String: String], let pair = sample["value"] as? [Any],
          let value = (pair.last as? String).flatMap(Double.init)
        else { return nil }
        return (labels, value)
      }
    }
    let model = #"{model="tag-reader",version="1"}"#
    for expression in [
      "up == 1", "nv_inference_request_success\(model) > 0", "rate(nv_inference_request_success\(model)[5s]) > 0",
      "nv_inference_request_duration_us\(model) > 0", "fleet_power_watts > 0", "{__name__=~\"fleet_.*\"}",
    ] {
      var last: [(labels: [String: String], value: Double)]?
      let isAnswered = try await eventually(within: .seconds(30)) {
        last = try await query(expression)
        return last != nil
      }
      #expect(isAnswered, "'\(expression)' has an answer")
      if expression.hasPrefix("fleet_power"), let last {
        #expect(last.allSatisfy { $0.labels["estimate"] == "true" }, "an estimate says so: \(last)")
      }
    }
    let parsed = try await Program.run(
      URL(filePath: "/bin/bash"),
      ["-c", "set -o pipefail; curl -sf http://\(node.metrics)/metrics | \"$0\" check metrics", promtool.path]
    )
    #expect(
      parsed.status == 0 || parsed.status == 3,
      "promtool reads all of it, whatever it thinks of the names: \(parsed)"
    )
    _ = try await demo.stop()
  }

  /// A port that nobody listens on at the moment.
  private static func freePort() throws -> UInt16 {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let status = unsafe withUnsafeMutablePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        let status = unsafe bind(descriptor, $0, length)
        return status == 0 ? unsafe getsockname(descriptor, $0, &length) : status
      }
    }
    try #require(status == 0)
    return UInt16(bigEndian: address.sin_port)
  }

  private var promtool: URL {
    prometheus?.deletingLastPathComponent().appending(path: "promtool") ?? URL(filePath: "/")
  }

  private var prometheus: URL? {
    [Programs.repository.appending(path: ".deps/prometheus/usr/bin/prometheus"), URL(filePath: "/usr/bin/prometheus")]
      .first { FileManager.default.isExecutableFile(atPath: $0.path) }
  }
}
