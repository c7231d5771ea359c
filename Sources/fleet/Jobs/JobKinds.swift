import FleetCore
import FleetJournal
import Foundation

/// One kind of job: what its process does, and how what it keeps is told to a person.
struct JobKind: Sendable {
  let name: String
  /// Makes the work for a job of this kind. Throws when something it needs is not there, before anything is begun.
  let work: @Sendable (FleetOptions) throws -> any JobWork
  /// A report in lines.
  var lines: @Sendable (Data) -> [String] = { JobText.plain($0) }
  /// An event in a few words.
  var words: @Sendable (Data) -> String = { String(decoding: $0, as: UTF8.self) }
}

/// Every kind there is. A new kind is one line here.
enum JobKinds {
  static let all = [JobKind.rollout, .rehearsal]

  static func named(_ name: String) throws(CommandError) -> JobKind {
    guard let kind = all.first(where: { $0.name == name }) else {
      throw CommandError(.invalid, "this fleet knows no job of kind '\(name)'; it was ordered by another version")
    }
    return kind
  }
}
