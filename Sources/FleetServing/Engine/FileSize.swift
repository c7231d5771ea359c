import Glibc

/// How long a file is. FileManager's attributes tell it as a number whose type depends on which Foundation a program has.
enum FileSize {
  /// In bytes; nil when there is no such file.
  static func bytes(of path: String) -> Int? {
    var facts = stat()
    return unsafe stat(path, &facts) == 0 ? Int(facts.st_size) : nil
  }
}
