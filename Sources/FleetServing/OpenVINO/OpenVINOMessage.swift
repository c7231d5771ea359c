/// OpenVINO's error texts: a chain of "Exception from FILE:LINE:" lines, then what is wrong, over several lines.
enum OpenVINOMessage {
  static let maximumCharacters = 300

  /// The first line that says what is wrong, trimmed; nil when there is none.
  static func firstLine(_ text: String) -> String? {
    let lines = text.split(whereSeparator: \.isNewline).map(trimmed).filter { !$0.isEmpty }
    let telling = lines.first { line in
      !line.hasPrefix("Exception from ") && !line.hasSuffix(":")
    }
    return (telling ?? lines.first).map { String($0.prefix(maximumCharacters)) }
  }

  private static func trimmed(_ line: Substring) -> String {
    String(line.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
  }
}
