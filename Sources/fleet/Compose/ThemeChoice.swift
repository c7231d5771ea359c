import FleetConfiguration
import FleetConsole
import FleetCore
import Foundation

/// Finds the themes: the built-in one, those in `themes/`, and the one that was asked for first of all.
enum ThemeChoice {
  /// `wanted` is a file or the name of a theme. Throws a `UsageError` or `ConfigurationError` when it is neither.
  static func themes(wanted: String?) throws -> [Theme] {
    let found = ThemeFile.available(folder: folder())
    var themes = found.themes
    for problem in found.problems { Complaint.print("\(problem)") }
    guard let wanted else { return themes }
    if let index = themes.firstIndex(where: { $0.name == wanted }) {
      themes.insert(themes.remove(at: index), at: 0)
      return themes
    }
    guard FileManager.default.fileExists(atPath: wanted) else {
      let names = themes.map(\.name)
      let hint = NearName.hint(for: wanted, among: names)
      throw UsageError("--theme: no file and no theme '\(wanted)'\(hint); there are \(names.joined(separator: ", "))")
    }
    return [try ThemeFile.read(path: wanted)] + themes
  }

  /// `themes` in the working folder, else the one beside the build folder that this program lies in.
  private static func folder() -> String {
    let own = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
    var candidates = [URL(filePath: "themes")]
    var parent = own.deletingLastPathComponent()
    for _ in 0..<4 {
      candidates.append(parent.appending(path: "themes"))
      parent = parent.deletingLastPathComponent()
    }
    let paths = candidates.map { $0.path(percentEncoded: false) }
    return paths.first { FileManager.default.fileExists(atPath: $0) } ?? "themes"
  }
}
