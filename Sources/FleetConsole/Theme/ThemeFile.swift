package import FleetConfiguration
internal import Foundation
internal import Terminal

/// Reads `themes/NAME.yaml`: `name`, and under `roles` a colour for each role.
package enum ThemeFile {
  package static func read(path: String) throws(ConfigurationError) -> Theme {
    let text: String
    do {
      text = try String(contentsOf: URL(fileURLWithPath: path), encoding: .utf8)
    } catch {
      throw ConfigurationError([
        ConfigurationProblem(
          file: path,
          line: 0,
          column: 0,
          path: "",
          problem: "cannot be read: \(error.localizedDescription)"
        )
      ])
    }
    return try parse(text: text, file: path)
  }

  package static func parse(text: String, file: String) throws(ConfigurationError) -> Theme {
    let reader = try YAMLReader(text: text, file: file)
    let table = reader.root.table(required: ["name", "roles"])
    let name = table?["name"]?.name()
    var colors: [Role: Color] = [:]
    if let roles = table?["roles"]?.table(required: Role.allCases.map(\.rawValue)) {
      for role in Role.allCases {
        colors[role] = roles[role.rawValue]?.parsed("a colour such as '#7cc4ff', 0 to 255, or 'default'", color)
      }
    }
    return try reader.finish(name.map { Theme(name: $0, colors: colors) })
  }

  /// The built-in theme, then those of the folder by file name, and what is wrong with the others. One of the folder that has
  /// the built-in's name takes its place. No folder is no problem.
  package static func available(folder: String) -> (themes: [Theme], problems: [ConfigurationProblem]) {
    var themes = [Theme.midnight]
    var problems: [ConfigurationProblem] = []
    let files = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    for file in files.sorted() where file.hasSuffix(".yaml") {
      do {
        let theme = try read(path: folder + "/" + file)
        if let index = themes.firstIndex(where: { $0.name == theme.name }) {
          themes[index] = theme
        } else {
          themes.append(theme)
        }
      } catch {
        problems += error.problems
      }
    }
    return (themes, problems)
  }

  private static func color(_ text: String) -> Color? {
    if text == "default" { return .standard }
    if let index = UInt8(text) { return .indexed(index) }
    guard text.hasPrefix("#"), text.utf8.count == 7, let value = UInt32(text.dropFirst(), radix: 16) else { return nil }
    return Theme.hex(value)
  }
}
