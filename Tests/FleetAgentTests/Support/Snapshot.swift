import FoundationEssentials
import Testing

/// Compares `text` with a file. With RECORD_SNAPSHOTS=1 the file is written anew, and the test fails so that somebody looks at it.
func expectSnapshot(_ text: String, _ path: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
  if ProcessInfo.processInfo.environment["RECORD_SNAPSHOTS"] == "1" {
    try Data(text.utf8).write(to: URL(filePath: path))
    Issue.record("recorded \(path)", sourceLocation: sourceLocation)
    return
  }
  let recorded = FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) }
  #expect(text == recorded, "\(path)", sourceLocation: sourceLocation)
}
