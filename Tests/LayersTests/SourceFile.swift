import Foundation

/// One Swift file of ours.
struct SourceFile {
  /// From the root of the repository: `Sources/FleetCore/Text/Address.swift`.
  let path: String
  let lines: [Substring]

  init(path: String, text: String) {
    self.path = path
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    if lines.last == "" { lines.removeLast() }
    self.lines = lines
  }

  /// The folder below Sources.
  var target: String {
    path.split(separator: "/").dropFirst().first.map(String.init) ?? ""
  }

  /// Line, counted from 1, and module of each import. Those in the `#else` of `#if canImport(FoundationEssentials)` do not
  /// count: nothing of ours is compiled where that is missing.
  var imports: [(line: Int, module: String)] {
    var found: [(Int, String)] = []
    var conditions: [(isEssentials: Bool, isElse: Bool)] = []
    for (index, line) in lines.enumerated() {
      let trimmed = line.trimmingCharacters(in: .whitespaces)
      if trimmed.hasPrefix("#if") {
        conditions.append((trimmed.hasSuffix("canImport(FoundationEssentials)"), false))
      } else if trimmed.hasPrefix("#else"), !conditions.isEmpty {
        conditions[conditions.count - 1].isElse = true
      } else if trimmed.hasPrefix("#endif") {
        _ = conditions.popLast()
      } else if !conditions.contains(where: { $0.isEssentials && $0.isElse }) {
        for statement in trimmed.split(separator: ";") {
          if let module = Self.module(importedBy: statement) { found.append((index + 1, module)) }
        }
      }
    }
    return found
  }

  /// `Foundation` for `@preconcurrency package import struct Foundation.Date`; nil when it is no import.
  private static func module(importedBy statement: Substring) -> String? {
    var words = statement.split { $0 == " " || $0 == "\t" }[...]
    let access: Set<Substring> = ["public", "package", "internal", "fileprivate", "private"]
    while let word = words.first, word.hasPrefix("@") || access.contains(word) { words = words.dropFirst() }
    guard words.first == "import" else { return nil }
    words = words.dropFirst()
    let kinds: Set<Substring> = ["typealias", "struct", "class", "enum", "protocol", "let", "var", "func", "actor"]
    if let word = words.first, kinds.contains(word) { words = words.dropFirst() }
    return words.first?.split(separator: ".").first.map(String.init)
  }

  /// Every Swift file under Sources.
  static func all() throws -> [SourceFile] {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let sources = root.appending(path: "Sources").resolvingSymlinksInPath()
    let paths = FileManager.default.enumerator(atPath: sources.path)?.compactMap { $0 as? String } ?? []
    return try paths.filter { $0.hasSuffix(".swift") }.sorted().map { path in
      SourceFile(
        path: "Sources/\(path)",
        text: try String(contentsOf: sources.appending(path: path), encoding: .utf8)
      )
    }
  }
}
