/// A job's name, short enough to type and never given twice: `push-0012`. Jobs sort by number, in the order they were ordered.
package struct JobID: Hashable, Comparable, Sendable, CustomStringConvertible {
  package let kind: String
  package let number: Int

  package init(kind: String, number: Int) {
    self.kind = kind
    self.number = number
  }

  /// Reads `push-0012` and `push-12`; nil when it is anything else.
  package init?(_ text: some StringProtocol) {
    guard let dash = text.lastIndex(of: "-") else { return nil }
    let digits = text[text.index(after: dash)...]
    guard Self.isValidKind(text[..<dash]), let number = Self.number(digits) else { return nil }
    self.init(kind: String(text[..<dash]), number: number)
  }

  package var description: String {
    let digits = String(number)
    return "\(kind)-\(String(repeating: "0", count: max(0, 4 - digits.count)))\(digits)"
  }

  package static func < (left: JobID, right: JobID) -> Bool {
    (left.number, left.kind) < (right.number, right.kind)
  }

  /// `push`, `rollback`: 1 to 16 of a-z. It becomes part of a file's name.
  package static func isValidKind(_ text: some StringProtocol) -> Bool {
    (1...16).contains(text.utf8.count) && text.utf8.allSatisfy { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) }
  }

  /// Digits alone, as people type them.
  static func number(_ text: some StringProtocol) -> Int? {
    guard (1...18).contains(text.utf8.count), text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
    return Int(text)
  }
}
