package import FleetCore
import Foundation

/// Reads `fleet.yaml`, the operator's file.
package enum FleetFile {
  /// Paths of models are taken from the folder that the file lies in.
  package static func read(path: String) throws(ConfigurationError) -> FleetDefinition {
    func failure(_ reason: String) -> ConfigurationError {
      ConfigurationError([ConfigurationProblem(file: path, line: 0, column: 0, path: "", problem: reason)])
    }
    var isFolder: ObjCBool = false
    guard unsafe FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
      throw failure("no such file")
    }
    if isFolder.boolValue { throw failure("is a folder, not a file") }
    let bytes: Data
    do {
      let handle = try FileHandle(forReadingFrom: URL(filePath: path))
      // One more than allowed, so that the reader sees that there are too many, and no more, whatever the file is.
      bytes = try handle.read(upToCount: YAMLReader.maximumBytes + 1) ?? Data()
    } catch {
      throw failure("cannot be read: \(error.localizedDescription)")
    }
    guard bytes.count <= YAMLReader.maximumBytes else { throw YAMLReader.tooLong(file: path) }
    guard let text = String(data: bytes, encoding: .utf8) else { throw failure("is not UTF-8 text") }
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
