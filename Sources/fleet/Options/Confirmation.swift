import Foundation

/// Asks before something is begun that many nodes feel.
enum Confirmation {
  /// Throws a `UsageError` where nobody can answer, and status 1 when the answer is no.
  static func ask(_ question: String) throws {
    guard isatty(STDIN_FILENO) == 1 else { throw UsageError("\(question) Nobody is here to answer; --yes does") }
    FileHandle.standardError.write(Data("\(question) [y/N] ".utf8))
    let answer = (readLine() ?? "").trimmingCharacters(in: .whitespaces).lowercased()
    guard answer == "y" || answer == "yes" else {
      Complaint.print("fleet: nothing was ordered")
      throw ExitStatus.failed
    }
  }
}
