import FoundationEssentials
import Glibc

/// What the model repository does to a disk, one step at a time, each durable where it has to be.
///
/// `willDo` sees each step before it is done. Tests throw from it to cut the power there.
package struct Disk: Sendable {
  package enum Step: Sendable, Equatable {
    case makeFolder(String)
    case append(String)
    case sync(String)
    case rename(String, to: String)
    case remove(String)
  }

  package var willDo: @Sendable (Step) throws -> Void = { _ in }
  /// Free bytes for us where `path` lies.
  package var freeBytes: @Sendable (String) throws -> UInt64 = { UInt64(try SystemFiles().freeBytes(at: $0)) }

  package init() {}

  func makeFolder(_ path: String) throws {
    if exists(path) { return }
    try willDo(.makeFolder(path))
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  /// Writes at the end of a file, which comes to be when it is not there, and gives it to `body` then.
  func append(_ bytes: [UInt8], to path: String, _ body: (Descriptor) -> Void = { _ in }) throws {
    try willDo(.append(path))
    let file = try opened(path, O_WRONLY | O_CREAT | O_APPEND)
    try file.write(bytes)
    body(file)
  }

  /// A file with exactly `bytes`, whole or not at all, also when the power goes.
  func replace(_ path: String, with bytes: [UInt8]) throws {
    let temporary = path + ".new"
    try remove(temporary)
    try append(bytes, to: temporary)
    try sync(temporary)
    try rename(temporary, to: path)
  }

  /// Forces a file's contents, or a folder's list of names, to the disk.
  func sync(_ path: String) throws {
    try willDo(.sync(path))
    let file = try opened(path, O_RDONLY)
    // Its number alone does not keep the file open.
    let result = withExtendedLifetime(file) { fsync(file.number) }
    guard result == 0 else { throw SystemError("write \(path) to the disk") }
  }

  /// Atomic, and forced to the disk in both folders.
  func rename(_ path: String, to target: String) throws {
    try willDo(.rename(path, to: target))
    guard unsafe Glibc.rename(path, target) == 0 else { throw SystemError("rename \(path) to \(target)") }
    try sync(Self.folder(of: target))
    if Self.folder(of: path) != Self.folder(of: target) { try sync(Self.folder(of: path)) }
  }

  /// Removes a file or a folder with all in it; nothing when it is not there.
  func remove(_ path: String) throws {
    guard exists(path) else { return }
    try willDo(.remove(path))
    try FileManager.default.removeItem(atPath: path)
  }

  func exists(_ path: String) -> Bool { unsafe access(path, F_OK) == 0 }

  /// Nil when there is no such file.
  func size(of path: String) -> UInt64? {
    var info = stat()
    return unsafe stat(path, &info) == 0 ? UInt64(info.st_size) : nil
  }

  /// When a file was last written, in seconds; 0 when it is not there.
  func modified(_ path: String) -> Double {
    var info = stat()
    guard unsafe stat(path, &info) == 0 else { return 0 }
    return Double(info.st_mtim.tv_sec) + Double(info.st_mtim.tv_nsec) / 1e9
  }

  /// Nil when there is no such file, or it holds more than `limit`.
  func contents(of path: String, limit: Int) -> [UInt8]? {
    guard let size = size(of: path), size <= limit, let data = FileManager.default.contents(atPath: path) else {
      return nil
    }
    return Array(data)
  }

  /// Sorted; empty when there is no such folder.
  func names(in path: String) -> [String] { SystemFiles().names(in: path) }

  /// Gives a file to `body` in pieces.
  func read(_ path: String, _ body: ([UInt8]) -> Void) throws {
    let file = try opened(path, O_RDONLY)
    while true {
      let bytes = try file.read(upTo: 256 * 1024)
      if bytes.isEmpty { return }
      body(bytes)
    }
  }

  private func opened(_ path: String, _ flags: Int32) throws -> Descriptor {
    let number = unsafe open(path, flags | O_CLOEXEC, 0o644)
    guard number >= 0 else { throw SystemError("open \(path)") }
    return Descriptor(owning: number)
  }

  private static func folder(of path: String) -> String {
    path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
  }
}
