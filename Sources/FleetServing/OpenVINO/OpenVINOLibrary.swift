import FoundationEssentials
import Glibc

/// Finds the shared library of OpenVINO's C API.
enum OpenVINOLibrary {
  static let folderVariable = "FLEET_OPENVINO_LIBS"
  static let wheelFolder = ".deps/openvino/libs"

  /// The library's path. Throws `EngineError` that tells where it was looked for and how to install it.
  static func find(searchPath: [String]) throws -> String {
    let folders = folders(searchPath: searchPath)
    for folder in folders {
      let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
      // The wheel has only the versioned name, such as libopenvino_c.so.2641.
      if let name = names.filter({ $0.hasPrefix("libopenvino_c.so") }).max() { return "\(folder)/\(name)" }
    }
    throw EngineError(
      "OpenVINO is not installed: no libopenvino_c.so in \(folders.joined(separator: ", ")); run 'make deps', "
        + "or install the Python wheel 'openvino' and set \(folderVariable) to its folder openvino/libs"
    )
  }

  private static func folders(searchPath: [String]) -> [String] {
    var folders = searchPath
    if let folder = unsafe getenv(folderVariable) { folders.append(unsafe String(cString: folder)) }
    folders.append("\(FileManager.default.currentDirectoryPath)/\(wheelFolder)")
    if let executable = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe") {
      var parts = executable.split(separator: "/").dropLast()
      while !parts.isEmpty {
        folders.append("/\(parts.joined(separator: "/"))/\(wheelFolder)")
        parts = parts.dropLast()
      }
    }
    folders += ["/usr/local/lib", "/usr/lib", "/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64"]
    var seen: Set<String> = []
    return folders.filter { seen.insert($0).inserted }
  }
}
