import FleetCore
import Foundation

/// What a job's process prints, into a file of the job's own that does not grow without end.
enum JobLog {
  static let maximumBytes = 4 << 20
  static let keptBytes = 1 << 20

  /// A line with its time, for a job's process, whose standard output is the log.
  static func line(_ text: String) {
    raw("\(Date.now.formatted(.iso8601)) \(text)")
  }

  static func raw(_ text: String) {
    let bytes = Array((text + "\n").utf8)
    _ = unsafe bytes.withUnsafeBytes { unsafe write(STDOUT_FILENO, $0.baseAddress, $0.count) }
    bound(STDOUT_FILENO)
  }

  /// Cuts the beginning off a log that has become too long. Others may append to it meanwhile: every write goes to its end.
  static func bound(_ descriptor: Int32, maximum: Int = maximumBytes, kept: Int = keptBytes) {
    // A pipe or a terminal has no end to go to, and all who write to a log append.
    let size = Int(lseek(descriptor, 0, SEEK_END))
    guard size > maximum else { return }
    var tail = [UInt8](repeating: 0, count: kept)
    let path = "/proc/self/fd/\(descriptor)"
    let reading = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard reading >= 0 else { return }
    defer { close(reading) }
    let count = unsafe tail.withUnsafeMutableBytes { buffer in
      unsafe pread(reading, buffer.baseAddress, kept, off_t(size - kept))
    }
    guard count > 0 else { return }
    let line = tail[..<count].firstIndex(of: UInt8(ascii: "\n")).map { tail[($0 + 1)..<count] } ?? tail[..<count]
    ftruncate(descriptor, 0)
    let bytes = Array("(what was before is cut off)\n".utf8) + line
    _ = unsafe bytes.withUnsafeBytes { unsafe write(descriptor, $0.baseAddress, $0.count) }
  }

  /// The last line that says anything; nil when there is none.
  static func lastLine(_ path: String) -> String? {
    guard let file = FileHandle(forReadingAtPath: path), let size = try? file.seekToEnd() else { return nil }
    try? file.seek(toOffset: size > 4096 ? size - 4096 : 0)
    let text = String(decoding: (try? file.readToEnd()) ?? Data(), as: UTF8.self)
    return text.split(separator: "\n").last.map(String.init)
  }
}
