/// One thing that is wrong in a file of the operator's, with the place to mend it.
package struct ConfigurationProblem: Sendable, Equatable, CustomStringConvertible {
  package let file: String
  /// Counted from 1; 0 when it concerns the file as a whole.
  package let line: Int
  package let column: Int
  /// Such as `stores[2].nodes[0].address`; empty for the document itself.
  package let path: String
  package let problem: String

  package init(file: String, line: Int, column: Int, path: String, problem: String) {
    self.file = file
    self.line = line
    self.column = column
    self.path = path
    self.problem = problem
  }

  package var description: String {
    let place = line > 0 ? "\(file):\(line):\(column)" : file
    return path.isEmpty ? "\(place): \(problem)" : "\(place): \(path): \(problem)"
  }
}

/// All that is wrong in a file, in the file's order.
package struct ConfigurationError: Error, Sendable, Equatable, CustomStringConvertible {
  package let problems: [ConfigurationProblem]

  package init(_ problems: [ConfigurationProblem]) {
    self.problems = problems.sorted { ($0.line, $0.column) < ($1.line, $1.column) }
  }

  package var description: String {
    problems.map(\.description).joined(separator: "\n")
  }
}
