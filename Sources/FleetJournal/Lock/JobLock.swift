internal import FleetCore
package import Foundation
internal import Glibc

/// The right to drive a job. The kernel takes it back when the process that holds it ends, however it ends.
///
/// It is a lock of the open file (fcntl(2), F_OFD_SETLK): unlike flock(2), whether it is held can be asked without taking it even
/// for a moment, in which a process that wants to begin would find it taken.
package final class JobLock: Sendable {
  private let path: String
  private let descriptor: Int32
  /// `F_OFD_GETLK` and `F_OFD_SETLK` of <fcntl.h>, shown to nobody who does not define _GNU_SOURCE.
  private static let ask: Int32 = 36
  private static let set: Int32 = 37

  private init(path: String, descriptor: Int32) {
    self.path = path
    self.descriptor = descriptor
  }

  deinit { close(descriptor) }

  /// Gives it back before the last owner of this value has let go.
  func release() {
    var range = Self.wholeFile()
    range.l_type = Int16(F_UNLCK)
    _ = unsafe fcntl(descriptor, Self.set, &range)
  }

  /// Nil when somebody else holds it, in this process or another.
  static func take(_ path: String) throws(CommandError) -> JobLock? {
    // A file that was removed between its opening and its locking protects nothing.
    for _ in 0..<3 {
      let descriptor = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
      guard descriptor >= 0 else {
        throw CommandError(.failed, "cannot open '\(path)': \(unsafe String(cString: strerror(errno)))")
      }
      let lock = JobLock(path: path, descriptor: descriptor)
      var range = Self.wholeFile()
      guard unsafe fcntl(descriptor, set, &range) == 0 else {
        if errno == EAGAIN || errno == EACCES { return nil }
        throw CommandError(.failed, "cannot lock '\(path)': \(unsafe String(cString: strerror(errno)))")
      }
      guard lock.isInPlace else { continue }
      lock.signOwner()
      return lock
    }
    throw CommandError(.conflict, "'\(path)' is being removed by somebody else; try again")
  }

  /// Whether a process drives the job, asked without disturbing anybody.
  static func isHeld(_ path: String) -> Bool {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    var range = wholeFile()
    return unsafe fcntl(descriptor, ask, &range) == 0 && Int32(range.l_type) != F_UNLCK
  }

  /// Whether the file is still where others look for it. It is not when the whole folder was cleared away.
  var isInPlace: Bool {
    var ours = stat()
    var there = stat()
    guard unsafe fstat(descriptor, &ours) == 0, unsafe stat(path, &there) == 0 else { return false }
    return ours.st_ino == there.st_ino && ours.st_dev == there.st_dev
  }

  /// Who holds the lock, as it wrote itself: for words to a person only, since a number may belong to another process by now.
  static func owner(_ path: String) -> JobOwner? {
    guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { return nil }
    let words = text.split(whereSeparator: \.isWhitespace)
    guard words.count == 2, let pid = Int32(words[0]), pid > 0,
      let since = try? Date(String(words[1]), strategy: .iso8601)
    else { return nil }
    return JobOwner(pid: pid, since: since)
  }

  private func signOwner() {
    let words = Array("\(getpid()) \(Date.now.formatted(.iso8601))\n".utf8)
    ftruncate(descriptor, 0)
    _ = unsafe words.withUnsafeBytes { unsafe pwrite(descriptor, $0.baseAddress, $0.count, 0) }
  }

  private static func wholeFile() -> flock {
    var range = flock()
    range.l_type = Int16(F_WRLCK)
    range.l_whence = Int16(SEEK_SET)
    return range
  }
}

/// The process that drives a job.
package struct JobOwner: Sendable, Equatable, CustomStringConvertible {
  package let pid: Int32
  package let since: Date

  package var description: String { "process \(pid) since \(since.formatted(.iso8601))" }
}
