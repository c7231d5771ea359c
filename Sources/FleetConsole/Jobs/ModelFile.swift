internal import FleetCore
internal import Foundation

/// Reads files of a version's folder: never through a link, so that no file of this machine but those in the folder can leave it, and
/// never more than was asked for, so that a large model, or a hostile file, is never in memory as a whole.
enum ModelFile {
  /// Where a file of `model` lies, once it is seen that no link is on the way and that its size is its manifest's. Throws `.failed` when
  /// it cannot be read, `.invalid` when it is a link, `.corrupt` when its size is another.
  static func path(of path: String, in model: LocalModel) throws(CommandError) -> String {
    let full = model.folder + "/" + path
    let bytes = model.manifest.files.first { $0.path == path }?.bytes
    do {
      let handle = try opened(path, in: model.folder)
      defer { try? handle.close() }
      try checkSize(of: handle, full, expected: bytes, model.version)
    } catch let error as CommandError {
      throw error
    } catch {
      throw CommandError(.failed, "\(full): cannot be read: \(error.localizedDescription)")
    }
    return full
  }

  /// The hash of a file with its size checked. Throws as `path` does.
  static func hash(of file: ModelManifest.File, in model: LocalModel) throws(CommandError) -> String {
    let full = model.folder + "/" + file.path
    var hasher = SHA256Text.Hasher()
    do {
      let handle = try opened(file.path, in: model.folder)
      defer { try? handle.close() }
      try checkSize(of: handle, full, expected: file.bytes, model.version)
      try handle.seek(toOffset: 0)
      while let data = try handle.read(upToCount: 1 << 20), !data.isEmpty { hasher.update(Array(data)) }
    } catch let error as CommandError {
      throw error
    } catch {
      throw CommandError(.failed, "\(full): cannot be read: \(error.localizedDescription)")
    }
    return hasher.finish()
  }

  /// A small file as a whole; nil when there is none. Throws `.invalid` when it has more than `limit` bytes or is a link.
  static func small(_ path: String, in folder: String, limit: Int) throws(CommandError) -> [UInt8]? {
    let full = folder + "/" + path
    do {
      guard try kind(of: full) != nil else { return nil }
      let handle = try opened(path, in: folder)
      defer { try? handle.close() }
      let data = try handle.read(upToCount: limit + 1) ?? Data()
      guard data.count <= limit else {
        throw CommandError(.invalid, "\(full): has more than the \(limit) bytes allowed")
      }
      return Array(data)
    } catch let error as CommandError {
      throw error
    } catch {
      throw CommandError(.failed, "\(full): cannot be read: \(error.localizedDescription)")
    }
  }

  /// Looks at each folder on the way, too. The version's own folder may be reached by a link: the operator named it.
  private static func opened(_ path: String, in folder: String) throws -> FileHandle {
    var full = folder
    for part in path.split(separator: "/") {
      full += "/" + part
      if try kind(of: full) == .typeSymbolicLink {
        throw CommandError(
          .invalid,
          "\(full): is a link, which could lead to any file of this machine; put the file itself there"
        )
      }
    }
    guard let kind = try kind(of: full) else { throw CommandError(.failed, "\(full): is missing") }
    // Others, such as a pipe, would be waited for.
    guard kind == .typeRegular else { throw CommandError(.failed, "\(full): cannot be read: it is no file") }
    return try FileHandle(forReadingFrom: URL(fileURLWithPath: full))
  }

  /// Of the file itself, not of what a link leads to; nil when there is none.
  private static func kind(of path: String) throws -> FileAttributeType? {
    do {
      return try FileManager.default.attributesOfItem(atPath: path)[.type] as? FileAttributeType
    } catch let error as CocoaError where error.code == .fileReadNoSuchFile || error.code == .fileNoSuchFile {
      return nil
    }
  }

  private static func checkSize(of handle: FileHandle, _ full: String, expected: UInt64?, _ version: ModelVersion)
    throws
  {
    let found = try handle.seekToEnd()
    guard let expected, found != expected else { return }
    throw CommandError(
      .corrupt,
      "\(full): \(found < expected ? "shorter" : "longer") than its manifest says (\(found) bytes, not \(expected)); "
        + "export \(version) again"
    )
  }
}
