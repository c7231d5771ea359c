/// Names one box: `store/node`, such as `austin-01/a`.
package struct NodeName: Hashable, Sendable, Comparable, CustomStringConvertible {
  package let store: String
  package let node: String

  package init(store: String, node: String) {
    self.store = store
    self.node = node
  }

  /// Reads `store/node`; nil when a part is missing, is `.` or `..`, or holds a character other than
  /// `a-z A-Z 0-9 . _ -`.
  package init?(_ text: some StringProtocol) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 2, Self.isValidPart(parts[0]), Self.isValidPart(parts[1]) else { return nil }
    self.init(store: String(parts[0]), node: String(parts[1]))
  }

  package var description: String { "\(store)/\(node)" }

  package static func < (left: NodeName, right: NodeName) -> Bool {
    (left.store, left.node) < (right.store, right.node)
  }

  /// Whether `text` can be the name of a store, a node or a model. Such names become folders: `.` and `..` are none.
  package static func isValidPart(_ text: some StringProtocol) -> Bool {
    !text.isEmpty && text.utf8.count <= 63 && text != "." && text != ".."
      && text.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
          true
        default: false
        }
      }
  }
}

extension NodeName: Codable {
  package init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let text = try container.decode(String.self)
    guard let name = NodeName(text) else {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "'\(text)' is not STORE/NODE")
    }
    self = name
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}
