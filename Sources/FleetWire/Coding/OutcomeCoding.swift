import FleetCore

extension Fleet_V1_StageReply {
  init(_ staged: [StagedFile]) {
    self.init()
    files = staged.map { file in
      var entry = Fleet_V1_StagedFile()
      entry.path = file.path
      entry.receivedBytes = file.receivedBytes
      entry.totalBytes = file.totalBytes
      if let delta = file.delta {
        entry.delta.sha256 = delta.sha256
        entry.delta.receivedBytes = delta.receivedBytes
      }
      return entry
    }
  }
}

extension StagedFile {
  static func list(wire: Fleet_V1_StageReply) throws(CommandError) -> [StagedFile] {
    try WireValue.list(wire.files, atMost: ModelManifest.maximumFiles, "files").map { (file) throws(CommandError) in
      guard file.receivedBytes <= file.totalBytes else {
        throw WireValue.wrong("files", "\(file.receivedBytes) of \(file.totalBytes) bytes are there")
      }
      return StagedFile(
        path: try WireValue.text(file.path, "files.path"),
        receivedBytes: try WireValue.count(file.receivedBytes, "files.received_bytes"),
        totalBytes: try WireValue.count(file.totalBytes, "files.total_bytes"),
        delta: file.hasDelta ? try PartialDelta(wire: file.delta) : nil
      )
    }
  }
}

extension PartialDelta {
  fileprivate init(wire: Fleet_V1_PartialDelta) throws(CommandError) {
    self.init(
      sha256: try WireValue.sha256(wire.sha256, "files.delta.sha256"),
      receivedBytes: try WireValue.count(wire.receivedBytes, "files.delta.received_bytes")
    )
  }
}

extension Fleet_V1_Activation {
  init(_ activation: Activation) {
    self.init()
    active = Fleet_V1_ModelVersion(activation.active)
    digest = activation.digest.text
    if let version = activation.previous { previous = Fleet_V1_ModelVersion(version) }
    loadMilliseconds = activation.loadMilliseconds
  }
}

extension Activation {
  init(wire: Fleet_V1_Activation) throws(CommandError) {
    self.init(
      active: try ModelVersion(wire: wire.active, "active"),
      digest: try WireValue.digest(wire.digest, "digest"),
      previous: wire.hasPrevious ? try ModelVersion(wire: wire.previous, "previous") : nil,
      loadMilliseconds: try WireValue.number(wire.loadMilliseconds, "load_milliseconds")
    )
  }
}

extension Fleet_V1_GoldenResult {
  init(_ result: GoldenResult) {
    self.init()
    right = UInt32(clamping: result.right)
    total = UInt32(clamping: result.total)
  }
}

extension GoldenResult {
  init(wire: Fleet_V1_GoldenResult) throws(CommandError) {
    guard wire.right <= wire.total else {
      throw WireValue.wrong("right", "\(wire.right) of \(wire.total) answers are right")
    }
    self.init(right: Int(wire.right), total: Int(wire.total))
  }
}
