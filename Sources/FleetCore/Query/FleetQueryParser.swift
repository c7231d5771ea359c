extension FleetQuery {
  /// Reads a query; an empty one means all.
  package init(parsing text: String) throws(FleetQueryError) {
    var parser = FleetQueryParser(text)
    self = try parser.parse()
  }
}

/// Recursive descent over tokens; depth and length are bounded so that no input can exhaust the stack, neither here nor where
/// a query is matched: a chain of `or`s is a tree as deep as the chain is long.
private struct FleetQueryParser {
  private static let maximumDepth = 64
  private static let maximumTokens = 1024
  private struct Token {
    let text: String
    let column: Int
  }

  private let tokens: [Token]
  private let end: Int
  private var position = 0

  init(_ text: String) {
    var tokens: [Token] = []
    var word = ""
    var start = 1
    var column = 0
    for character in text {
      column += 1
      let isParenthesis = character == "(" || character == ")"
      if isParenthesis || character.isWhitespace {
        if !word.isEmpty { tokens.append(Token(text: word, column: start)) }
        word = ""
        if isParenthesis { tokens.append(Token(text: String(character), column: column)) }
      } else {
        if word.isEmpty { start = column }
        word.append(character)
      }
    }
    if !word.isEmpty { tokens.append(Token(text: word, column: start)) }
    self.tokens = tokens
    end = column + 1
  }

  mutating func parse() throws(FleetQueryError) -> FleetQuery {
    if tokens.isEmpty { return .all }
    if tokens.count > Self.maximumTokens {
      throw error(tokens[Self.maximumTokens], "more than \(Self.maximumTokens) words and parentheses")
    }
    let query = try disjunction(depth: 0)
    if let token = current { throw error(token, "expected 'and' or 'or', found '\(token.text)'") }
    return query
  }

  private var current: Token? { position < tokens.count ? tokens[position] : nil }

  private mutating func accept(_ word: String) -> Bool {
    guard current?.text == word else { return false }
    position += 1
    return true
  }

  private mutating func disjunction(depth: Int) throws(FleetQueryError) -> FleetQuery {
    var query = try conjunction(depth: depth)
    while accept("or") { query = .or(query, try conjunction(depth: depth)) }
    return query
  }

  private mutating func conjunction(depth: Int) throws(FleetQueryError) -> FleetQuery {
    var query = try term(depth: depth)
    while accept("and") { query = .and(query, try term(depth: depth)) }
    return query
  }

  private mutating func term(depth: Int) throws(FleetQueryError) -> FleetQuery {
    guard let token = current else {
      throw FleetQueryError(column: end, problem: "expected a name or LABEL=VALUE, found the end")
    }
    guard depth < Self.maximumDepth else { throw error(token, "nested too deeply") }
    position += 1
    switch token.text {
    case "not": return .not(try term(depth: depth + 1))
    case "(":
      let query = try disjunction(depth: depth + 1)
      guard accept(")") else {
        throw FleetQueryError(
          column: current?.column ?? end,
          problem: "expected ')' for the '(' in column \(token.column)"
        )
      }
      return query
    case ")", "and", "or": throw error(token, "expected a name or LABEL=VALUE, found '\(token.text)'")
    case "all", "*": return .all
    default: return try leaf(token)
    }
  }

  private func leaf(_ token: Token) throws(FleetQueryError) -> FleetQuery {
    if let equals = token.text.firstIndex(of: "=") {
      let key = String(token.text[..<equals])
      let value = String(token.text[token.text.index(after: equals)...])
      guard !key.isEmpty, !value.isEmpty else { throw error(token, "expected LABEL=VALUE, found '\(token.text)'") }
      return .label(key: key, value: value)
    }
    let parts = token.text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    let isValid = parts.count <= 2 && parts.allSatisfy { NodeName.isValidPart($0.replacing("*", with: "x")) }
    guard isValid, let store = parts.first else {
      throw error(token, "'\(token.text)' is not a store, a store/node or LABEL=VALUE")
    }
    return .name(store: store, node: parts.count == 2 ? parts[1] : "*")
  }

  private func error(_ token: Token, _ problem: String) -> FleetQueryError {
    FleetQueryError(column: token.column, problem: problem)
  }
}
