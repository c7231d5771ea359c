/// A rule that an operator writes as one line: a rate, a window of hours, waves, a gate. Journals keep it as that line.
package protocol WrittenRule: Sendable, Equatable, Codable, CustomStringConvertible {
  /// What is wrong with a text, in words.
  associatedtype Failure: Error

  init(parsing text: String) throws(Failure)
}

extension WrittenRule {
  package init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let text = try container.decode(String.self)
    do {
      self = try Self(parsing: text)
    } catch {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "\(error)")
    }
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}

extension ByteRate: WrittenRule {}
extension TimeWindow: WrittenRule {}
