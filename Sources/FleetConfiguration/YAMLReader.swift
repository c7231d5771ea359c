import FleetCore
import Yams

/// Reads one YAML file, collecting every problem with its place instead of stopping at the first.
package final class YAMLReader {
  /// Files of an operator are small; more is a mistake.
  static let maximumBytes = 4 << 20

  package let file: String
  package private(set) var problems: [ConfigurationProblem] = []
  private let node: Node

  /// Throws when the text is not YAML at all.
  package init(text: String, file: String) throws(ConfigurationError) {
    self.file = file
    func failure(_ problem: String, line: Int = 0, column: Int = 0) -> ConfigurationError {
      ConfigurationError([
        ConfigurationProblem(file: file, line: line, column: column, path: "", problem: problem)
      ])
    }
    guard text.utf8.count <= Self.maximumBytes else { throw Self.tooLong(file: file) }
    if let alias = YAMLAlias.first(in: text) {
      throw failure(
        "aliases such as '*\(alias.name)' are not read; write out what it stands for",
        line: alias.line,
        column: alias.column
      )
    }
    do {
      // A byte order mark, as some editors on Windows leave it, is no part of the text.
      guard let node = try Yams.compose(yaml: String(text.trimmingPrefix("\u{feff}"))) else {
        throw failure("the file is empty")
      }
      self.node = node
    } catch let error as ConfigurationError {
      throw error
    } catch let error as YamlError {
      switch error {
      case .scanner(let context, let problem, let mark, let yaml),
        .parser(let context, let problem, let mark, let yaml),
        .composer(let context, let problem, let mark, let yaml):
        let words = Self.words(for: problem, context: context, at: mark, in: yaml)
        throw failure("not YAML: \(words)", line: mark.line, column: mark.column)
      case .reader(let problem, let offset, _, let yaml):
        let before = yaml.prefix(offset ?? 0)
        let line = before.count { $0.isNewline } + 1
        let column = before.reversed().prefix { !$0.isNewline }.count + 1
        throw failure("not YAML: \(problem)", line: offset == nil ? 0 : line, column: offset == nil ? 0 : column)
      case .duplicatedKeysInMapping(let duplicates, let context):
        let keys = duplicates.map { "'\($0)'" }.sorted().joined(separator: ", ")
        throw failure("\(keys) is given twice", line: context.mark.line, column: context.mark.column)
      default:
        throw failure("not YAML: \(error)")
      }
    } catch {
      throw failure("not YAML: \(error)")
    }
  }

  /// What the parser says, and in plainer words where its own mislead.
  private static func words(for problem: String, context: YamlError.Context?, at mark: Mark, in yaml: String) -> String
  {
    if problem.contains("another document") { return "expected one document, found another" }
    if problem.contains("nesting level") { return "nested too deeply" }
    let line = yaml.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).dropFirst(mark.line - 1).first
    if problem.contains("cannot start any token"), line?.unicodeScalars.dropFirst(mark.column - 1).first == "\t" {
      return "a tab cannot indent; use spaces"
    }
    guard let context, context.mark.line != mark.line else { return problem }
    return "\(problem) \(context.text) that begins in line \(context.mark.line), column \(context.mark.column)"
  }

  static func tooLong(file: String) -> ConfigurationError {
    let problem = "more than the \(maximumBytes >> 20) MiB that are read of a file"
    return ConfigurationError([ConfigurationProblem(file: file, line: 0, column: 0, path: "", problem: problem)])
  }

  package var root: YAMLValue { YAMLValue(node: node, path: "", reader: self) }

  func report(_ problem: String, at mark: Mark?, path: String) {
    problems.append(
      ConfigurationProblem(file: file, line: mark?.line ?? 0, column: mark?.column ?? 0, path: path, problem: problem)
    )
  }

  /// Gives `value` if nothing was reported, else throws all that was.
  package func finish<Value>(_ value: Value?) throws(ConfigurationError) -> Value {
    guard problems.isEmpty, let value else { throw ConfigurationError(problems) }
    return value
  }
}
