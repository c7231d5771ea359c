package import FleetCore
internal import Foundation

/// The counter of the next signature: higher than any that a node may have seen of this model.
package enum SignatureCounter {
  /// Unix time in seconds, or one more than the highest counter of the versions beside `folder` where that is larger.
  ///
  /// Time alone would stand still or go back with a clock that is wrong. The folders alone know nothing of what was signed on another
  /// machine, and a counter that a node has seen already is refused by it, in the middle of a rollout. The larger of the two needs no
  /// shared state, is readable as a date, and never falls below what lies here. Throws every signature that cannot be read: what it says
  /// might be the highest. The one of `folder` itself is about to be replaced, so it may be broken.
  package static func next(for folder: String, at now: Double) throws(CommandError) -> UInt64 {
    let path = URL(fileURLWithPath: folder).standardizedFileURL.path
    let parent = URL(fileURLWithPath: path).deletingLastPathComponent().path
    var highest: UInt64 = 0
    var problems: [String] = []
    for name in ((try? FileManager.default.contentsOfDirectory(atPath: parent)) ?? []).sorted() {
      let sibling = parent == "/" ? "/\(name)" : "\(parent)/\(name)"
      var isFolder: ObjCBool = false
      guard unsafe FileManager.default.fileExists(atPath: sibling, isDirectory: &isFolder), isFolder.boolValue else {
        continue
      }
      do throws(CommandError) {
        highest = max(highest, try LocalModel.signature(in: sibling)?.counter ?? 0)
      } catch {
        if sibling != path { problems.append("\(error.message); remove or repair it, or say --counter") }
      }
    }
    guard problems.isEmpty else { throw CommandError(.invalid, problems.joined(separator: "\n")) }
    guard highest < ManifestSignature.largestCounter else {
      throw CommandError(
        .invalid,
        "\(parent): a version there is signed with the highest counter that there is, so none can follow; "
          + "nodes need another key"
      )
    }
    return max(highest + 1, UInt64(max(now, 1)))
  }
}
