package import FoundationEssentials

/// An end of an engine that nobody asked for, and its last words.
package struct EngineCrash: Sendable, Equatable, Codable {
  package var time: Date
  /// `killed by signal 11 (SIGSEGV)`, `tag-reader@2 computed for 31s, its limit is 30s: killed`.
  package var cause: String
  /// What it was loading or computing; what it served when that is not known.
  package var versions: [ModelVersion]
  /// The last lines it wrote to its standard error; may be empty.
  package var lastWords: String

  package init(time: Date, cause: String, versions: [ModelVersion] = [], lastWords: String = "") {
    self.time = time
    self.cause = cause
    self.versions = versions
    self.lastWords = lastWords
  }
}
