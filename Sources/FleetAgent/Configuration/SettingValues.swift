/// What one source (flags, environment, file) says, as text, with the name to blame in an error.
package struct SettingValues: Sendable {
  struct Value: Sendable {
    /// `--http`, `FLEET_HTTP`, `agent.json: http`
    var origin: String
    var texts: [String]
  }

  var values: [Setting: Value] = [:]
  /// What was wrong with the source itself.
  var problems: [String] = []

  init() {}

  /// As the command line gave them; empty lists count as not given.
  package init(flags: [Setting: [String]]) {
    for (setting, texts) in flags where !texts.isEmpty {
      values[setting] = Value(origin: setting.flag, texts: texts)
    }
  }

  /// Variables that start with `FLEET_` and are none of ours are not refused: others may use the prefix too.
  package init(environment: [String: String]) {
    for setting in Setting.allCases {
      guard let text = environment[setting.variable], !text.isEmpty else { continue }
      let texts = setting.listSeparator.map { text.split(separator: $0).map(String.init) } ?? [text]
      values[setting] = Value(origin: setting.variable, texts: texts)
    }
  }

  /// Settings of `self`, and those of `other` that `self` lacks.
  func over(_ other: SettingValues) -> SettingValues {
    var merged = self
    merged.values.merge(other.values) { mine, _ in mine }
    merged.problems += other.problems
    return merged
  }
}
