/// Finds aliases (`*name`) before the parser does. Ten lines of aliases of aliases stand for more values than a machine can visit
/// ("billion laughs"), and the parser visits them all where they are part of a key. Operators' files do without them.
enum YAMLAlias {
  /// The first `*name` of which the text also holds an anchor `&name`, lines and columns counted from 1.
  static func first(in text: String) -> (name: String, line: Int, column: Int)? {
    guard text.utf8.contains(UInt8(ascii: "&")) else { return nil }
    let scalars = Array(text.unicodeScalars)
    var anchors: Set<String> = []
    for (index, scalar) in scalars.enumerated() where scalar == "&" {
      anchors.insert(name(in: scalars, after: index))
    }
    anchors.remove("")
    var line = 1
    var lineStart = 0
    for (index, scalar) in scalars.enumerated() {
      if scalar == "\n" {
        line += 1
        lineStart = index + 1
      } else if scalar == "*" {
        let name = name(in: scalars, after: index)
        if anchors.contains(name) { return (name, line, index - lineStart + 1) }
      }
    }
    return nil
  }

  private static func name(in scalars: [Unicode.Scalar], after index: Int) -> String {
    var name = String.UnicodeScalarView()
    name.append(contentsOf: scalars[(index + 1)...].prefix { isNameScalar($0) })
    return String(name)
  }

  /// What libyaml takes as part of an anchor's name.
  private static func isNameScalar(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar {
    case "a"..."z", "A"..."Z", "0"..."9", "_", "-": true
    default: false
    }
  }
}
