import FleetCore

extension TrustedKeys {
  /// Reads the files of `--trusted-key`. Throws every problem of all of them at once: a key that is left out because it cannot be read
  /// would leave the node without the guard that its operator believes in.
  init(files: [String], disk: Disk = Disk()) throws(ConfigurationError) {
    var keys: [PublicKey] = []
    var problems: [String] = []
    for file in files {
      guard let bytes = disk.contents(of: file, limit: PEMText.maximumBytes) else {
        let size = disk.size(of: file)
        problems.append(
          size.map { $0 > UInt64(PEMText.maximumBytes) } == true
            ? "--trusted-key: '\(file)' is no file of keys: it has more than \(PEMText.maximumBytes >> 10) KB"
            : "--trusted-key: cannot read '\(file)'"
        )
        continue
      }
      do throws(CommandError) {
        keys += try PublicKey.list(parsing: String(decoding: bytes, as: UTF8.self))
      } catch {
        problems.append("--trusted-key: '\(file)': \(error.message)")
      }
    }
    guard problems.isEmpty else { throw ConfigurationError(problems: problems) }
    self.init(keys)
  }
}
