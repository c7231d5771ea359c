extension Gate {
  package init(parsing text: String) throws(RuleError) {
    if RuleToken.tokens(of: String(text.prefix(16))).map(\.text) == ["none"], text.count <= 16 {
      self = .none
      return
    }
    var problems: [RuleError.Problem] = []
    let clauses = RuleClause.clauses(of: text, &problems)
    let conditions = clauses.compactMap { clause in
      var parser = GateClauseParser(clause)
      let condition = parser.condition()
      problems += parser.problems
      return condition
    }
    if clauses.count > Self.maximumConditions {
      let column = clauses[Self.maximumConditions].token(0).column
      problems.append(RuleError.Problem(column: column, text: "expected at most \(Self.maximumConditions) conditions"))
    }
    guard problems.isEmpty else {
      throw RuleError(rule: "gate", problems: problems.sorted { $0.column < $1.column })
    }
    self.init(conditions: conditions)
  }
}

/// Reads `NAME SIGN LIMIT`, going on after what is wrong so that all of it is told.
private struct GateClauseParser {
  private let clause: RuleClause
  private(set) var problems: [RuleError.Problem] = []

  init(_ clause: RuleClause) {
    self.clause = clause
  }

  mutating func condition() -> Gate.Condition? {
    if let other = clause.tokens.first(where: { ["or", "not", "(", ")"].contains($0.text) }) {
      report(other, "only 'and' joins conditions, found \(other.words)")
      return nil
    }
    let measure = self.measure()
    let sign = clause.token(1)
    let comparison = Gate.Comparison(rawValue: sign.text)
    if comparison == nil { report(sign, "expected '<', '<=', '>' or '>=', found \(sign.words)") }
    // Where the sign is missing, what follows it cannot be told from it.
    guard comparison != nil || clause.tokens.count > 2 else { return nil }
    let limit = self.limit(of: measure)
    guard let measure, let comparison, let limit else { return nil }
    return Gate.Condition(
      measure: measure,
      comparison: comparison,
      limit: limit,
      text: clause.tokens.map(\.text).joined(separator: " ")
    )
  }

  private mutating func measure() -> GateMeasure? {
    let name = clause.token(0)
    if let measure = GateMeasure(rawValue: name.text) { return measure }
    let names = GateMeasure.allCases.map(\.rawValue)
    let suggestion = NearName.hint(for: name.text, among: names)
    let hint = suggestion.isEmpty ? "; known are \(names.joined(separator: ", "))" : suggestion
    report(name, "unknown name \(name.words)\(hint)")
    return nil
  }

  private mutating func limit(of measure: GateMeasure?) -> Gate.Limit? {
    let first = clause.token(2)
    let last = clause.tokens.count
    if first.text == "before" {
      if clause.token(3).text == "*" {
        report(first, "write the number first: '\(clause.token(4).text) * before'")
        return nil
      }
      return end(at: 3, .before(factor: 1))
    }
    if last > 3, clause.token(3).text == "*" {
      let word = clause.token(4)
      let factor = RuleToken.number(first.text).flatMap { $0 > 0 && $0 <= 1000 ? $0 : nil }
      if factor == nil { report(first, "expected a number such as '1.15' before '*', found \(first.words)") }
      guard word.text == "before" else {
        report(
          word,
          "expected 'before' after '*', found \(word.words)\(NearName.hint(for: word.text, among: ["before"]))"
        )
        return nil
      }
      return factor.flatMap { end(at: 5, .before(factor: $0)) }
    }
    guard let measure else { return nil }
    guard let value = measure.value(first.text) else {
      let hint = NearName.hint(for: first.text, among: ["before"])
      report(first, "expected \(measure.example), 'before' or 'NUMBER * before', found \(first.words)\(hint)")
      return nil
    }
    return end(at: 3, .value(value))
  }

  /// `limit`, unless something other than `and` follows it.
  private mutating func end(at index: Int, _ limit: Gate.Limit) -> Gate.Limit? {
    guard clause.tokens.count > index else { return limit }
    report(clause.token(index), "expected 'and', found \(clause.token(index).words)")
    return nil
  }

  private mutating func report(_ token: RuleToken, _ text: String) {
    problems.append(RuleError.Problem(column: token.column, text: text))
  }
}
