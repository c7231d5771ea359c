/// All that is wrong with the text of a rule, in the text's order.
package struct RuleError: Error, Sendable, Equatable, CustomStringConvertible {
  package struct Problem: Sendable, Equatable {
    /// Counted from 1.
    package let column: Int
    package let text: String
  }

  /// What was to be read: `waves`, `gate`, `abort`.
  package let rule: String
  package let problems: [Problem]

  package var description: String {
    problems.map { "\(rule), column \($0.column): \($0.text)" }.joined(separator: "\n")
  }
}

/// A word or an operator of a rule, and where it stands.
struct RuleToken: Equatable {
  let text: String
  /// Counted from 1.
  let column: Int

  /// No rule that a person writes is longer; a longer one is not read.
  static let maximumCharacters = 4096

  /// Words are apart by spaces; signs such as `<=` and `*` need none around them.
  static func tokens(of text: String) -> [RuleToken] {
    var tokens: [RuleToken] = []
    var word = ""
    var kind = Kind.space
    var start = 1
    var column = 0
    for character in text {
      column += 1
      let next = Kind(character)
      if next != kind || next == .single {
        if kind != .space { tokens.append(RuleToken(text: word, column: start)) }
        word = ""
        start = column
        kind = next
      }
      word.append(character)
    }
    if kind != .space { tokens.append(RuleToken(text: word, column: start)) }
    return tokens
  }

  private enum Kind {
    case space
    case word
    case comparison
    case single

    init(_ character: Character) {
      switch character {
      case "<", ">", "=", "!": self = .comparison
      case "*", "(", ")": self = .single
      default: self = character.isWhitespace ? .space : .word
      }
    }
  }
}

/// One condition's tokens, between two `and`s.
struct RuleClause {
  let tokens: [RuleToken]
  /// Where it ends, for what is missing there.
  let end: RuleToken

  /// Splits a text at each `and`. Problems are what stands where a condition should.
  static func clauses(of text: String, _ problems: inout [RuleError.Problem]) -> [RuleClause] {
    guard text.count <= RuleToken.maximumCharacters else {
      let words = "expected at most \(RuleToken.maximumCharacters) characters"
      problems.append(RuleError.Problem(column: RuleToken.maximumCharacters + 1, text: words))
      return []
    }
    var clauses: [RuleClause] = []
    var current: [RuleToken] = []
    for token in RuleToken.tokens(of: text) + [RuleToken(text: "", column: text.count + 1)] {
      guard token.text == "and" || token.text.isEmpty else {
        current.append(token)
        continue
      }
      if current.isEmpty {
        problems.append(RuleError.Problem(column: token.column, text: "expected a condition, found \(token.words)"))
      } else {
        clauses.append(RuleClause(tokens: current, end: token))
      }
      current = []
    }
    return clauses
  }

  func token(_ index: Int) -> RuleToken { index < tokens.count ? tokens[index] : end }
}

extension RuleToken {
  /// How a message calls it.
  var words: String { text.isEmpty ? "the end" : "'\(text)'" }

  /// A plain decimal number: digits and at most one point. No sign, exponent or `inf`.
  static func number(_ text: String) -> Double? {
    guard !text.isEmpty, text.utf8.count <= 20, text.utf8.allSatisfy({ (48...57).contains($0) || $0 == 46 }) else {
      return nil
    }
    return Double(text)
  }

  /// Hundredths of a percent: `10%` is 1000, `0.5%` is 50. At most two decimals, up to 100%.
  static func basisPoints(_ text: String) -> Int? {
    guard text.hasSuffix("%"), let percent = number(String(text.dropLast())), percent <= 100 else { return nil }
    let points = percent * 100
    return abs(points - points.rounded()) < 1e-6 ? Int(points.rounded()) : nil
  }

  /// The shortest text that `basisPoints` reads back.
  static func percent(basisPoints: Int) -> String {
    let rest = basisPoints % 100
    if rest == 0 { return "\(basisPoints / 100)%" }
    return "\(basisPoints / 100).\(rest % 10 == 0 ? "\(rest / 10)" : rest < 10 ? "0\(rest)" : "\(rest)")%"
  }
}
