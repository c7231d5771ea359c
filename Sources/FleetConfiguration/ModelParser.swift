import FleetCore
import Foundation

/// Makes values of the `models` of `fleet.yaml`: a list of tables with a name, or one table with a key for each name.
struct ModelParser {
  private static let optional = ["path", "version", "to", "canary", "strategy"]

  let folder: String
  /// The rest of the file.
  let fleet: FleetDefinition

  func models(_ value: YAMLValue) -> [FleetDefinition.ModelSource] {
    guard value.isTable else { return (value.list() ?? []).compactMap(listed) }
    return value.entries().compactMap { key, value in
      let name = key.name()
      guard let table = value.table(required: [], optional: Self.optional) else { return nil }
      return model(name, value, table)
    }
  }

  private func listed(_ value: YAMLValue) -> FleetDefinition.ModelSource? {
    guard let table = value.table(required: ["name"], optional: Self.optional) else { return nil }
    return model(table["name"]?.name(), value, table)
  }

  private func model(_ name: String?, _ value: YAMLValue, _ table: [String: YAMLValue])
    -> FleetDefinition.ModelSource?
  {
    let desired = desired(value, table)
    let path = table["path"].map { $0.text() } ?? name.map { "models/\($0)" }
    guard let name, let path else { return nil }
    return FleetDefinition.ModelSource(
      name: name,
      path: path.hasPrefix("/") ? path : URL(filePath: folder).appending(path: path).path(percentEncoded: false),
      desired: desired
    )
  }

  private func desired(_ value: YAMLValue, _ table: [String: YAMLValue]) -> DesiredVersion? {
    let number = table["version"]?.versionNumber()
    let to = table["to"].map(nodes)
    let canary = table["canary"].map(self.canary)
    let strategy = table["strategy"].map(self.strategy)
    if table["version"] == nil, let other = ["to", "canary", "strategy"].first(where: { table[$0] != nil }) {
      value.report("'version' is missing; '\(other)' says how it comes to the nodes")
    }
    guard let number else { return nil }
    return DesiredVersion(number: number, to: to ?? .all, canary: canary ?? nil, strategy: strategy ?? nil)
  }

  private func canary(_ value: YAMLValue) -> DesiredVersion.Canary? {
    guard let table = value.table(required: ["to", "version"]) else { return nil }
    let number = table["version"]?.versionNumber()
    let to = table["to"].map(nodes)
    guard let number, let to else { return nil }
    return DesiredVersion.Canary(to: to, number: number)
  }

  /// A query that nothing matches is a slip: it would leave out silently what it was meant for.
  private func nodes(_ value: YAMLValue) -> QueryText {
    guard let text = value.text() else { return .all }
    do {
      let query = try QueryText(parsing: text)
      if !fleet.nodes.isEmpty, !fleet.nodes.contains(where: query.matches) {
        value.report("no node of this fleet matches '\(text)'\(NearName.hint(for: text, among: fleet.queryWords))")
      }
      return query
    } catch {
      value.report("column \(error.column): \(error.problem), in '\(text)'")
      return .all
    }
  }

  private func strategy(_ value: YAMLValue) -> String? {
    guard let name = value.name() else { return nil }
    do {
      _ = try fleet.strategy(named: name)
    } catch {
      value.report(error.message)
    }
    return name
  }
}

extension YAMLValue {
  fileprivate func versionNumber() -> Int? {
    parsed("the number of a version, such as '2'") { text in
      Int(text).flatMap { $0 > 0 && text == String($0) ? $0 : nil }
    }
  }
}

extension FleetDefinition {
  /// What a query may say to match something.
  fileprivate var queryWords: [String] {
    let labels = nodes.flatMap { $0.labels.map { "\($0.key)=\($0.value)" } }
    return stores.map(\.name) + nodes.map(\.name.description) + Set(labels).sorted()
  }
}
