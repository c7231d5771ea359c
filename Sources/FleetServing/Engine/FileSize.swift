import Glibc

/// How long a file is. FileManager's attributes tell it as a number whose type depends on which Foundation a program has.
enum FileSize {
  /// In bytes; nil when there is no such file, or it cannot be read.
  static func bytes(of path: String) -> Int? {
    // Not by stat(2): optimized builds take its struct for one of CoreFoundation's.
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    let end = lseek(descriptor, 0, SEEK_END)
    return end >= 0 ? Int(end) : nil
  }
}
