import Foundation
import Testing

extension EndToEnd {
  /// curl, a client that nobody here wrote, speaks the Open Inference Protocol to a node.
  @Test func curlGetsTheGoldenAnswers() async throws {
    let demo = try await Demo(traffic: 0)
    let base = "http://\(try demo.node("miami-03/a").http)"
    struct Golden: Decodable { var images: [[Int]] }
    let folder = Programs.fixtures.appending(path: "models/golden")
    let golden = try JSONDecoder().decode(
      Golden.self,
      from: Data(contentsOf: folder.appending(path: "tag-reader.json"))
    )
    let answers = try JSONDecoder().decode(
      [String: [Int]].self,
      from: Data(contentsOf: folder.appending(path: "tag-reader.answers.json"))
    )
    let expected = try #require(answers["1"])

    func curl(_ arguments: String...) async throws -> ProgramResult {
      try await Program.run(URL(filePath: "/usr/bin/curl"), ["--silent", "--max-time", "10"] + arguments)
    }
    let ready = try await curl("-o", "/dev/null", "-w", "%{http_code}", "\(base)/v2/health/ready")
    #expect(ready.output == "200", "\(ready)")
    let metadata = try await curl("\(base)/v2/models/tag-reader")
    #expect(metadata.output.contains(#""pixels""#) && metadata.output.contains(#""FP32""#), "\(metadata)")

    // All pictures in one batch.
    let body = try JSONSerialization.data(withJSONObject: [
      "id": "golden",
      "inputs": [
        [
          "name": "pixels", "shape": [golden.images.count, 1, 8, 8], "datatype": "FP32",
          "data": golden.images.flatMap { $0 },
        ] as [String: Any]
      ],
    ])
    let file = FileManager.default.temporaryDirectory.appending(path: "fleet-golden-\(UUID().uuidString).json")
    defer { try? FileManager.default.removeItem(at: file) }
    try body.write(to: file)
    let infer = try await curl("--data-binary", "@\(file.path)", "\(base)/v2/models/tag-reader/infer")
    struct Answer: Decodable {
      struct Output: Decodable {
        var shape: [Int]
        var data: [Double]
      }
      var id: String
      var outputs: [Output]
    }
    let answer = try infer.decoded(Answer.self)
    #expect(answer.id == "golden")
    let output = try #require(answer.outputs.first)
    #expect(output.shape == [golden.images.count, 10])
    for (index, digit) in expected.enumerated() {
      let scores = output.data[index * 10..<index * 10 + 10]
      #expect(scores.indices.max { scores[$0] < scores[$1] } == index * 10 + digit, "picture \(index)")
    }

    let wrong = try await curl("-w", " %{http_code}", "--data", #"{"inputs":[]}"#, "\(base)/v2/models/tag-reader/infer")
    #expect(wrong.output.hasPrefix(#"{"error":"#) && wrong.output.hasSuffix(" 400"), "\(wrong)")
    let unknown = try await curl("-w", " %{http_code}", "\(base)/v2/models/tag-raeder")
    #expect(unknown.output.hasPrefix(#"{"error":"#) && unknown.output.hasSuffix(" 404"), "\(unknown)")
    _ = try await demo.stop()
  }
}
