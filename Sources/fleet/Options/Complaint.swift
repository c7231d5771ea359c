import Foundation

/// Lines for a person, kept apart from data on standard output.
enum Complaint {
  static func print(_ text: String) {
    FileHandle.standardError.write(Data((text + "\n").utf8))
  }
}
