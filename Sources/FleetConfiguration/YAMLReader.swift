import FleetCore
import Yams

/// Reads one YAML file, collecting every problem with its place instead of stopping at the first.
package final class YAMLReader {
  /// Files of an operator are small; more is a mistake or an attack (aliases that multiply).
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
    guard text.utf8.count <= Self.maximumBytes else {
      throw failure("\(text.utf8.count) bytes are more than the \(Self.maximumBytes) allowed")
    }
    do {
      guard let node = try Yams.compose(yaml: text) else { throw failure("the file is empty") }
      self.node = node
    } catch let error as ConfigurationError {
      throw error
    } catch let error as YamlError {
      switch error {
      case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
        .composer(_, let problem, let mark, _):
        throw failure("not YAML: \(problem)", line: mark.line, column: mark.column)
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
