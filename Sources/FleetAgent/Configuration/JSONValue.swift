/// JSON of any shape, so that unknown keys can be told from known ones.
enum JSONValue: Decodable, Equatable {
  case text(String)
  case number(Double)
  case truth(Bool)
  case list([JSONValue])
  case table([String: JSONValue])
  case null

  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if container.decodeNil() {
      self = .null
    } else if let value = try? container.decode(Bool.self) {
      self = .truth(value)
    } else if let value = try? container.decode(Double.self) {
      self = .number(value)
    } else if let value = try? container.decode(String.self) {
      self = .text(value)
    } else if let value = try? container.decode([JSONValue].self) {
      self = .list(value)
    } else {
      self = .table(try container.decode([String: JSONValue].self))
    }
  }

  /// For `expected text, found 8000`.
  var words: String {
    switch self {
    case .text(let text): "'\(text)'"
    case .number(let value): value == value.rounded() && abs(value) < 1e15 ? "\(Int(value))" : "\(value)"
    case .truth(let value): "\(value)"
    case .list: "a list"
    case .table: "a table"
    case .null: "null"
    }
  }
}
