package import FleetCore
import Foundation

/// Reads `fleet.yaml`, the operator's file.
package enum FleetFile {
  /// Paths of models are taken from the folder that the file lies in.
  package static func read(path: String) throws(ConfigurationError) -> FleetDefinition {
    let text: String
    do {
      text = try String(contentsOf: URL(filePath: path), encoding: .utf8)
    } catch {
      let reason = FileManager.default.fileExists(atPath: path) ? "cannot be read as UTF-8 text" : "no such file"
      throw ConfigurationError([ConfigurationProblem(file: path, line: 0, column: 0, path: "", problem: reason)])
    }
    let folder = URL(filePath: path).deletingLastPathComponent().path(percentEncoded: false)
    return try parse(text: text, file: path, folder: folder)
  }

  package static func parse(text: String, file: String, folder: String = ".") throws(ConfigurationError)
    -> FleetDefinition
  {
    let reader = try YAMLReader(text: text, file: file)
    let definition = FleetFileParser(folder: folder).fleet(reader.root)
    return try reader.finish(definition)
  }
}
