import FoundationEssentials

/// Finds the file of a version's folder that a runtime is to open.
enum ModelFile {
  /// What runtimes here open, best first. An `.xml` has its weights in a `.bin` beside it.
  static let extensions = ["xml", "onnx", "tflite", "pdmodel", "gguf"]

  /// The path of the model in `folder`. Throws `EngineError` when there is none, or more than one of a kind.
  static func find(in folder: String) throws -> String {
    let names: [String]
    do {
      names = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
    } catch {
      throw EngineError("'\(folder)': not a readable folder")
    }
    for suffix in extensions {
      let matches = names.filter { $0.hasSuffix(".\(suffix)") }
      if matches.count > 1 {
        throw EngineError("'\(folder)': holds \(matches.count) models: \(matches.joined(separator: ", "))")
      }
      if let name = matches.first { return "\(folder)/\(name)" }
    }
    let known = extensions.map { ".\($0)" }.joined(separator: ", ")
    throw EngineError("'\(folder)': holds no model file; expected one that ends in \(known)")
  }

  /// Size in bytes, together with an `.xml`'s weights; 0 when it cannot be told.
  static func bytes(_ path: String) -> Int {
    var paths = [path]
    if path.hasSuffix(".xml") { paths.append(path.dropLast(3) + "bin") }
    return paths.reduce(0) { $0 + (FileSize.bytes(of: $1) ?? 0) }
  }
}
