import FleetConsole
import FleetCore
import Foundation

/// Finds versions where `fleet.yaml` says that they lie.
struct ModelFolders {
  let fleet: FleetDefinition
  /// Its file, for messages.
  let file: String

  /// Throws `.notFound` with near names or the versions that there are, `.invalid` when the folder holds something else.
  func model(_ wanted: ModelVersion) throws(CommandError) -> LocalModel {
    guard let source = fleet.models.first(where: { $0.name == wanted.name }) else {
      let hint = NearName.hint(for: wanted.name, among: fleet.models.map(\.name))
      throw CommandError(.notFound, "\(file) names no model '\(wanted.name)'\(hint)")
    }
    let folder = "\(source.path)/\(wanted.number)"
    guard FileManager.default.fileExists(atPath: folder) else {
      let library = ModelLibrary(reading: [source], root: ".")
      let known = library.models.map { String($0.version.number) }.joined(separator: ", ")
      throw CommandError(
        .notFound,
        "no \(wanted) in \(source.path); there are versions \(known.isEmpty ? "none" : known)"
      )
    }
    return try model(wanted, in: folder)
  }

  func model(_ wanted: ModelVersion, in folder: String) throws(CommandError) -> LocalModel {
    let model = try LocalModel(folder: folder)
    guard model.version == wanted else {
      throw CommandError(.invalid, "\(folder) holds \(model.version), not \(wanted)")
    }
    return model
  }
}
