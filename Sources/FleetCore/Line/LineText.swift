/// A rule about a store's line that an operator writes as one word. Journals keep it as that word.
package protocol LineText: Sendable, Equatable, Codable, CustomStringConvertible {
  /// Throws `.invalid` with what was expected.
  init(parsing text: String) throws(CommandError)
}

extension LineText {
  package init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let text = try container.decode(String.self)
    do {
      self = try Self(parsing: text)
    } catch {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: error.message)
    }
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}

extension ByteRate: LineText {}
extension TimeWindow: LineText {}
