internal import FleetCore
internal import Foundation

/// Reads parts of a version's files, so that a large model is never in memory as a whole.
enum ModelFile {
  /// Throws `.failed` when the file cannot be read or is shorter than its manifest says.
  static func chunk(of model: LocalModel, path: String, offset: UInt64, count: Int) throws(CommandError) -> [UInt8] {
    let full = model.folder + "/" + path
    let data: Data?
    do {
      let handle = try FileHandle(forReadingFrom: URL(fileURLWithPath: full))
      defer { try? handle.close() }
      try handle.seek(toOffset: offset)
      data = try handle.read(upToCount: count)
    } catch {
      throw CommandError(.failed, "\(full): cannot be read: \(error.localizedDescription)")
    }
    guard let data, data.count == count else {
      throw CommandError(.corrupt, "\(full): shorter than its manifest says; export \(model.version) again")
    }
    return Array(data)
  }
}
