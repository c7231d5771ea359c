import FleetCore
import Yams

/// One value in a YAML file: knows its place and path. Each reading method reports what is wrong and then gives nil.
package struct YAMLValue {
  let node: Node
  package let path: String
  private let reader: YAMLReader

  init(node: Node, path: String, reader: YAMLReader) {
    self.node = node
    self.path = path
    self.reader = reader
  }

  package func report(_ problem: String) {
    reader.report(problem, at: node.mark, path: path)
  }

  /// A table with these keys and no others.
  package func table(required: [String], optional: [String] = []) -> [String: YAMLValue]? {
    guard let table = freeTable() else { return nil }
    let known = required + optional
    for (keyNode, _) in node.mapping ?? [:] {
      guard let key = keyNode.string, !known.contains(key) else { continue }
      let hint = NearName.hint(for: key, among: known)
      reader.report("unknown key '\(key)'\(hint)", at: keyNode.mark ?? node.mark, path: path)
    }
    for key in required where table[key] == nil {
      report("'\(key)' is missing")
    }
    return table
  }

  /// A table whose keys are the operator's own.
  package func freeTable() -> [String: YAMLValue]? {
    guard let mapping = node.mapping else {
      report("expected a table, found \(kind)")
      return nil
    }
    var values: [String: YAMLValue] = [:]
    for (key, value) in mapping {
      guard let name = key.string else {
        reader.report("expected a name as key", at: key.mark, path: path)
        continue
      }
      values[name] = YAMLValue(node: value, path: path.isEmpty ? name : "\(path).\(name)", reader: reader)
    }
    return values
  }

  var isTable: Bool { node.mapping != nil }

  /// The keys of a table, which are the operator's own, each with its value, in the file's order.
  func entries() -> [(key: YAMLValue, value: YAMLValue)] {
    (node.mapping ?? [:]).map { key, value in
      let name = key.string.map { path.isEmpty ? $0 : "\(path).\($0)" } ?? path
      return (YAMLValue(node: key, path: path, reader: reader), YAMLValue(node: value, path: name, reader: reader))
    }
  }

  package func list() -> [YAMLValue]? {
    guard let sequence = node.sequence else {
      report("expected a list, found \(kind)")
      return nil
    }
    return sequence.enumerated().map { YAMLValue(node: $1, path: "\(path)[\($0)]", reader: reader) }
  }

  /// The value under `key`, or nil when there is none; reports nothing.
  func child(_ key: String) -> YAMLValue? {
    node.mapping?.first { $0.key.string == key }.map {
      YAMLValue(node: $0.value, path: "\(path).\(key)", reader: reader)
    }
  }

  /// The items of a list, none when it is not a list; reports nothing.
  var children: [YAMLValue] {
    node.sequence?.enumerated().map { YAMLValue(node: $1, path: "\(path)[\($0)]", reader: reader) } ?? []
  }

  /// The text of a scalar, nil when it is none; reports nothing.
  var scalarText: String? { node.scalar?.string }

  package func text() -> String? {
    guard let scalar = node.scalar, !scalar.string.isEmpty else {
      report("expected text, found \(kind)")
      return nil
    }
    return scalar.string
  }

  package func integer() -> Int? { parsed("a whole number") { Int($0) } }

  package func truth() -> Bool? { parsed("true or false") { $0 == "true" ? true : $0 == "false" ? false : nil } }

  package func number() -> Double? { parsed("a number") { Double($0).flatMap { $0.isFinite ? $0 : nil } } }

  package func duration() -> Duration? { parsed("a duration such as '50ms'", Quantity.duration) }

  package func fraction() -> Double? { parsed("a percentage such as '1%'", Quantity.fraction) }

  package func celsius() -> Double? { parsed("a temperature such as '85C'", Quantity.celsius) }

  /// A name of a store, node or model.
  package func name() -> String? {
    parsed("a name of letters, digits, '.', '_' and '-'") { NodeName.isValidPart($0) ? $0 : nil }
  }

  /// `HOST:PORT`, where the host is a name, an IPv4 address or an IPv6 address in brackets.
  package func address() -> String? { parsed("HOST:PORT") { Address.isValid($0) ? $0 : nil } }

  /// Reads a scalar with `parse`; what it expected is said when that gives nil.
  package func parsed<Value>(_ expected: String, _ parse: (String) -> Value?) -> Value? {
    guard let scalar = node.scalar else {
      report("expected \(expected), found \(kind)")
      return nil
    }
    guard let value = parse(scalar.string) else {
      report("expected \(expected), found \(kind)")
      return nil
    }
    return value
  }

  private var kind: String {
    switch node {
    case .mapping: "a table"
    case .sequence: "a list"
    case .scalar(let scalar): scalar.string.isEmpty ? "nothing" : "'\(scalar.string)'"
    case .alias: "an alias"
    }
  }
}
