internal import Foundation

/// Whose jobs they are: a fleet by its name and the file that describes it, so that two fleets of one operator do not mix.
package struct JobFleet: Hashable, Sendable {
  package let name: String
  /// Absolute, without symbolic links.
  package let file: String

  package init(name: String, file: String) {
    self.name = name
    self.file = Self.absolute(file)
  }

  /// From the database, where the file is absolute.
  init(name: String, resolvedFile: String) {
    self.name = name
    file = resolvedFile
  }

  /// The file as every process sees it, whatever folder it works in.
  package static func absolute(_ path: String) -> String {
    URL(filePath: path).absoluteURL.standardizedFileURL.resolvingSymlinksInPath().path(percentEncoded: false)
  }
}
