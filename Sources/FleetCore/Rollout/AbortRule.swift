/// When so many nodes have failed that a rollout ends: `failed >= 3 and failed >= 10%` of its nodes. Both together keep one
/// node of three from ending it, and three of a thousand.
package struct AbortRule: WrittenRule {
  package struct Condition: Sendable, Equatable {
    package enum Limit: Sendable, Equatable {
      case nodes(Int)
      case part(basisPoints: Int)
    }

    package var limit: Limit
    /// `>=` rather than `>`.
    package var includesLimit: Bool
  }

  /// The first failure ends it.
  package static let first = AbortRule(conditions: [Condition(limit: .nodes(1), includesLimit: true)])

  /// Never empty; all must hold.
  package let conditions: [Condition]

  private init(conditions: [Condition]) {
    self.conditions = conditions
  }

  package init(parsing text: String) throws(RuleError) {
    var problems: [RuleError.Problem] = []
    let clauses = RuleClause.clauses(of: text, &problems)
    conditions = clauses.compactMap { Self.condition($0, &problems) }
    guard problems.isEmpty else {
      throw RuleError(rule: "abort", problems: problems.sorted { $0.column < $1.column })
    }
  }

  package func isMet(failed: Int, of nodes: Int) -> Bool {
    failed > 0
      && conditions.allSatisfy { condition in
        switch condition.limit {
        case .nodes(let limit): condition.includesLimit ? failed >= limit : failed > limit
        case .part(let points):
          condition.includesLimit ? failed * 10_000 >= points * nodes : failed * 10_000 > points * nodes
        }
      }
  }

  package var description: String {
    conditions.map { condition in
      let limit =
        switch condition.limit {
        case .nodes(let count): "\(count)"
        case .part(let points): RuleToken.percent(basisPoints: points)
        }
      return "failed \(condition.includesLimit ? ">=" : ">") \(limit)"
    }.joined(separator: " and ")
  }

  private static func condition(_ clause: RuleClause, _ problems: inout [RuleError.Problem]) -> Condition? {
    let (name, sign, limit) = (clause.token(0), clause.token(1), clause.token(2))
    let before = problems.count
    if name.text != "failed" {
      let hint = NearName.hint(for: name.text, among: ["failed"])
      problems.append(RuleError.Problem(column: name.column, text: "expected 'failed', found \(name.words)\(hint)"))
    }
    if sign.text != ">=", sign.text != ">" {
      problems.append(RuleError.Problem(column: sign.column, text: "expected '>=' or '>', found \(sign.words)"))
    }
    var value: Condition.Limit?
    if let points = RuleToken.basisPoints(limit.text), points > 0 {
      value = .part(basisPoints: points)
    } else if let count = RuleToken.number(limit.text), count == count.rounded(), (1...1_000_000).contains(count) {
      value = .nodes(Int(count))
    } else {
      let words = "expected a number of nodes such as '3' or a part of them such as '10%', found \(limit.words)"
      problems.append(RuleError.Problem(column: limit.column, text: words))
    }
    if clause.tokens.count > 3 {
      let extra = clause.tokens[3]
      problems.append(RuleError.Problem(column: extra.column, text: "expected 'and', found \(extra.words)"))
    }
    guard problems.count == before, let value else { return nil }
    return Condition(limit: value, includesLimit: sign.text == ">=")
  }
}
