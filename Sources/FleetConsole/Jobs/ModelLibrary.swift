package import FleetCore
internal import FoundationEssentials

/// The versions that can be pushed.
package struct ModelLibrary: Sendable, Equatable {
  /// By name and number, the newest of a name last.
  package var models: [LocalModel]
  /// What could not be read, in words.
  package var problems: [String]

  package init(models: [LocalModel] = [], problems: [String] = []) {
    self.models = models
    self.problems = problems
  }

  /// Reads every numbered folder of every source. Relative paths count from `root`.
  package init(reading sources: [FleetDefinition.ModelSource], root: String) {
    self.init()
    for source in sources {
      let path = source.path.hasPrefix("/") ? source.path : root + "/" + source.path
      guard let entries = try? FileManager.default.contentsOfDirectory(atPath: path) else {
        problems.append("\(path): cannot be read; versions of '\(source.name)' are expected there")
        continue
      }
      for number in entries.compactMap({ Int($0) }).sorted() {
        do {
          let model = try LocalModel(folder: "\(path)/\(number)")
          if model.version == ModelVersion(name: source.name, number: number) {
            models.append(model)
          } else {
            problems.append("\(path)/\(number): expected \(source.name)@\(number), found \(model.version)")
          }
        } catch {
          problems.append(error.message)
        }
      }
    }
    models.sort { $0.version < $1.version }
  }

  package func model(_ version: ModelVersion) -> LocalModel? {
    models.first { $0.version == version }
  }
}
