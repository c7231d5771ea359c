import FleetCore
import FoundationEssentials

/// Single values as they cross the wire. What a peer sends is believed only within bounds that no honest node reaches:
/// later arithmetic and drawing then need no checks of their own.
enum WireValue {
  /// Counters of 1,000 nodes still add up without overflow.
  static let maximumCount: UInt64 = 1 << 53
  static let maximumMagnitude = 1e18
  static let maximumTextBytes = 4096

  static func count(_ value: UInt64, _ field: String) throws(CommandError) -> UInt64 {
    guard value <= maximumCount else { throw wrong(field, "\(value) is more than any node counts") }
    return value
  }

  static func number(_ value: Double, _ field: String) throws(CommandError) -> Double {
    guard value.magnitude <= maximumMagnitude else { throw wrong(field, "\(value) is not a value of a node") }
    return value
  }

  /// Control characters could drive the operator's terminal: each becomes `\u{FFFD}`.
  static func text(_ value: String, _ field: String) throws(CommandError) -> String {
    guard value.utf8.count <= maximumTextBytes else { throw wrong(field, "\(value.utf8.count) bytes are too many") }
    return printable(value)
  }

  static func printable(_ text: String, keepingNewlines: Bool = false) -> String {
    func isControl(_ scalar: Unicode.Scalar) -> Bool {
      scalar.properties.generalCategory == .control && !(keepingNewlines && scalar == "\n")
    }
    guard text.unicodeScalars.contains(where: isControl) else { return text }
    var result = String.UnicodeScalarView()
    for scalar in text.unicodeScalars { result.append(isControl(scalar) ? "\u{FFFD}" : scalar) }
    return String(result)
  }

  /// As much of `text` as a peer accepts, cut between characters.
  static func shortened(_ text: String, toBytes limit: Int = maximumTextBytes) -> String {
    guard text.utf8.count > limit else { return text }
    var result = ""
    var bytes = 0
    for character in text {
      bytes += character.utf8.count
      if bytes > limit - 3 { break }
      result.append(character)
    }
    return result + "…"
  }

  static func list<Element>(_ values: [Element], atMost limit: Int, _ field: String) throws(CommandError) -> [Element] {
    guard values.count <= limit else {
      throw wrong(field, "\(values.count) entries are more than the \(limit) allowed")
    }
    return values
  }

  static func nodeName(_ text: String, _ field: String) throws(CommandError) -> NodeName {
    guard let name = NodeName(text) else { throw wrong(field, "'\(quotable(text))' is not a node's name") }
    return name
  }

  static func modelName(_ text: String, _ field: String) throws(CommandError) -> String {
    guard NodeName.isValidPart(text) else { throw wrong(field, "'\(quotable(text))' is not a model's name") }
    return text
  }

  static func digest(_ text: String, _ field: String) throws(CommandError) -> ModelDigest {
    guard let digest = ModelDigest(text) else { throw wrong(field, "'\(quotable(text))' is not a digest") }
    return digest
  }

  static func sha256(_ text: String, _ field: String) throws(CommandError) -> String {
    guard SHA256Text.isValid(text) else { throw wrong(field, "'\(quotable(text))' is not a SHA-256") }
    return text
  }

  static func wrong(_ field: String, _ problem: String) -> CommandError {
    CommandError(.invalid, "\(field): \(problem)")
  }

  private static func quotable(_ text: String) -> String { printable(shortened(text, toBytes: 80)) }
}

extension Date {
  private static let secondsFrom1970 = 978_307_200.0

  /// Nanoseconds since 1970, held within what 64 bits can say (1677 to 2262). Whole seconds and their fraction are taken
  /// apart, so that a `Date` comes back exactly.
  var wireNanoseconds: Int64 {
    let whole = timeIntervalSinceReferenceDate.rounded(.down)
    let fraction = timeIntervalSinceReferenceDate - whole
    let seconds = whole + Self.secondsFrom1970
    guard seconds.magnitude < 9.2e9 else { return seconds < 0 ? .min : .max }
    return Int64(seconds) * 1_000_000_000 + Int64((fraction * 1e9).rounded())
  }

  init(wireNanoseconds: Int64) {
    let (seconds, nanoseconds) = wireNanoseconds.quotientAndRemainder(dividingBy: 1_000_000_000)
    self.init(
      timeIntervalSinceReferenceDate: Double(seconds) - Self.secondsFrom1970 + Double(nanoseconds) / 1e9
    )
  }
}
