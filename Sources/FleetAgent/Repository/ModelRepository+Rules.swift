import FleetCore

extension ModelRepository {
  /// What a manifest may say elsewhere, but not on a disk like ours.
  static func problemsHere(_ manifest: ModelManifest) -> [String] {
    var problems: [String] = []
    if manifest.version.name.hasPrefix(".") {
      problems.append("name: '\(manifest.version.name)' begins with a dot; give the model another name")
    }
    // Where the manifest itself is written.
    let taken = [ModelManifest.fileName, "\(ModelManifest.fileName).new"]
    for (index, file) in manifest.files.enumerated() {
      let first = file.path.prefix { $0 != "/" }
      if taken.contains(String(first)), file.path != ModelManifest.fileName {
        problems.append("files[\(index)].path: '\(first)' is kept for the manifest; give the file another name")
      }
    }
    return problems
  }

  /// More than any disk holds counts as the most there is.
  static func sum(_ left: UInt64, _ right: UInt64) -> UInt64 {
    let (sum, overflow) = left.addingReportingOverflow(right)
    return overflow ? .max : sum
  }

  static func megabytes(_ bytes: UInt64) -> String {
    bytes < 10 << 20 ? "\((bytes + 1023) >> 10) KB" : "\(bytes >> 20) MB"
  }
}
