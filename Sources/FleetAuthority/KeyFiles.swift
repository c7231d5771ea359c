import FleetCore
import Foundation
import Glibc

/// Files of certificates and keys: a key is readable by its owner alone from its first byte on.
enum KeyFiles {
  static func makeFolder(_ path: String) throws(CommandError) {
    do {
      try FileManager.default.createDirectory(
        atPath: path,
        withIntermediateDirectories: true,
        attributes: [.posixPermissions: 0o700]
      )
    } catch {
      throw CommandError(.failed, "folder '\(path)' cannot be made: \(error.localizedDescription)")
    }
  }

  static func read(_ path: String) throws(CommandError) -> String {
    do {
      return try String(contentsOfFile: path, encoding: .utf8)
    } catch {
      throw CommandError(.failed, "'\(path)' cannot be read: \(error.localizedDescription)")
    }
  }

  /// Throws `.conflict` when the file is there already.
  static func writeNew(_ text: String, to path: String, isSecret: Bool) throws(CommandError) {
    let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, isSecret ? 0o600 : 0o644)
    guard descriptor >= 0 else {
      let code = errno
      throw CommandError(
        code == EEXIST ? .conflict : .failed,
        "'\(path)' cannot be made: \(unsafe String(cString: strerror(code)))"
      )
    }
    let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    do {
      try file.write(contentsOf: Data(text.utf8))
      try file.synchronize()
      try file.close()
    } catch {
      // What is left of it would stand in the way of the next try.
      unsafe unlink(path)
      throw CommandError(.failed, "'\(path)' cannot be written: \(error.localizedDescription)")
    }
  }

  /// Readers see the old file or the new one, never half of it.
  static func replace(_ text: String, at path: String, isSecret: Bool) throws(CommandError) {
    let fresh = "\(path).new"
    unsafe unlink(fresh)
    try writeNew(text, to: fresh, isSecret: isSecret)
    guard unsafe rename(fresh, path) == 0 else {
      throw CommandError(.failed, "'\(path)' cannot be replaced: \(unsafe String(cString: strerror(errno)))")
    }
  }
}
