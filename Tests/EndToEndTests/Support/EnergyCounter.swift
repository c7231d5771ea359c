import Foundation

/// The energy counter of a machine as the kernel shows it (RAPL), in a folder that agents take for `/sys`. It goes up by what each answer
/// costs, as its reader says, so that joules per inference are known to the digit.
actor EnergyCounter {
  nonisolated let sysfs: URL
  private let file: URL
  private var microjoules = 0.0
  private let costs: [String: Double]

  /// `costs` are joules an answer, by version.
  init(costs: [String: Double]) throws {
    self.costs = costs
    sysfs = FileManager.default.temporaryDirectory.appending(path: "fleet sys \(UUID().uuidString)")
    let zone = sysfs.appending(path: "class/powercap/intel-rapl:0")
    try FileManager.default.createDirectory(at: zone, withIntermediateDirectories: true)
    try "package-0\n".write(to: zone.appending(path: "name"), atomically: true, encoding: .utf8)
    file = zone.appending(path: "energy_uj")
    try "0\n".write(to: file, atomically: true, encoding: .utf8)
  }

  nonisolated func remove() {
    try? FileManager.default.removeItem(at: sysfs)
  }

  /// Asks the node at `address` for a few pictures, then a few more, until cancelled, or the counter is removed.
  func feed(_ address: String) async throws {
    let pixels = [String](repeating: "8", count: 64).joined(separator: ",")
    let body = #"{"inputs":[{"name":"pixels","shape":[1,1,8,8],"datatype":"FP32","data":[\#(pixels)]}]}"#
    // curl asks once for each number; the node does not look at them.
    let url = "http://\(address)/v2/models/tag-reader/infer?[1-5]"
    let arguments = ["--silent", "--max-time", "10", "--json", body, url]
    while !Task.isCancelled {
      let answers = try await Program.run(URL(filePath: "/usr/bin/curl"), arguments).output
      for (version, joules) in costs {
        let count = answers.components(separatedBy: #""model_version":"\#(version)""#).count - 1
        microjoules += 1e6 * joules * Double(count)
      }
      try "\(Int(microjoules))\n".write(to: file, atomically: true, encoding: .utf8)
    }
  }
}
