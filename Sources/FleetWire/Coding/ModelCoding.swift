import FleetCore

extension Fleet_V1_ModelVersion {
  init(_ version: ModelVersion) {
    self.init()
    name = version.name
    number = UInt32(clamping: version.number)
  }
}

extension ModelVersion {
  init(wire: Fleet_V1_ModelVersion, _ field: String) throws(CommandError) {
    guard wire.number > 0 else { throw WireValue.wrong("\(field).number", "versions count from 1") }
    self.init(name: try WireValue.modelName(wire.name, "\(field).name"), number: Int(wire.number))
  }
}

extension Fleet_V1_ModelStatus {
  init(_ model: ModelStatus) {
    self.init()
    name = model.name
    version = UInt32(clamping: model.version)
    digest = model.digest.text
    isProvisional = model.isProvisional
    requests = model.requests
    errors = model.errors
    inFlight = model.inFlight
    queued = model.queued
    handedOff = model.handedOff
    refusedFull = model.refusedFull
    refusedLate = model.refusedLate
    latency = Fleet_V1_LatencyHistogram(model.latency)
    queueTime = Fleet_V1_LatencyHistogram(model.queueTime)
    computeTime = Fleet_V1_LatencyHistogram(model.computeTime)
  }
}

extension ModelStatus {
  init(wire: Fleet_V1_ModelStatus, _ field: String) throws(CommandError) {
    self.init(
      name: try WireValue.modelName(wire.name, "\(field).name"),
      version: Int(wire.version),
      digest: try WireValue.digest(wire.digest, "\(field).digest"),
      isProvisional: wire.isProvisional,
      requests: try WireValue.count(wire.requests, "\(field).requests"),
      errors: try WireValue.count(wire.errors, "\(field).errors"),
      inFlight: try WireValue.count(wire.inFlight, "\(field).in_flight"),
      queued: try WireValue.count(wire.queued, "\(field).queued"),
      handedOff: try WireValue.count(wire.handedOff, "\(field).handed_off"),
      refusedFull: try WireValue.count(wire.refusedFull, "\(field).refused_full"),
      refusedLate: try WireValue.count(wire.refusedLate, "\(field).refused_late"),
      latency: try LatencyHistogram(wire: wire.latency, "\(field).latency"),
      queueTime: try LatencyHistogram(wire: wire.queueTime, "\(field).queue_time"),
      computeTime: try LatencyHistogram(wire: wire.computeTime, "\(field).compute_time")
    )
  }
}

extension Fleet_V1_RepositoryEntry {
  init(_ entry: RepositoryEntry) {
    self.init()
    version = Fleet_V1_ModelVersion(entry.version)
    digest = entry.digest.text
    bytes = entry.bytes
    switch entry.role {
    case .active: role = .active
    case .previous: role = .previous
    case .stored: role = .stored
    }
    if let text = entry.problem { problem = WireValue.shortened(text) }
    isProvisional = entry.isProvisional
  }
}

extension RepositoryEntry {
  init(wire: Fleet_V1_RepositoryEntry, _ field: String) throws(CommandError) {
    let role: Role
    switch wire.role {
    case .active: role = .active
    case .previous: role = .previous
    case .stored: role = .stored
    case .unspecified, .UNRECOGNIZED: throw WireValue.wrong("\(field).role", "unknown")
    }
    self.init(
      version: try ModelVersion(wire: wire.version, "\(field).version"),
      digest: try WireValue.digest(wire.digest, "\(field).digest"),
      bytes: try WireValue.count(wire.bytes, "\(field).bytes"),
      role: role,
      problem: wire.hasProblem ? try WireValue.text(wire.problem, "\(field).problem") : nil,
      isProvisional: wire.isProvisional
    )
  }
}

extension Fleet_V1_StageRequest {
  init(_ manifest: ModelManifest, signature: ManifestSignature? = nil) {
    self.init()
    if let signature { self.signature = Fleet_V1_ManifestSignature(signature) }
    version = Fleet_V1_ModelVersion(manifest.version)
    files = manifest.files.map { file in
      var entry = Fleet_V1_ManifestFile()
      entry.path = file.path
      entry.bytes = file.bytes
      entry.sha256 = file.sha256
      return entry
    }
  }
}

extension ModelManifest {
  /// Only its size is bounded here: what is wrong with it, the node says itself, every problem at once.
  init(wire: Fleet_V1_StageRequest) throws(CommandError) {
    let files = try WireValue.list(wire.files, atMost: Self.maximumFiles, "files")
    self.init(
      version: try ModelVersion(wire: wire.version, "version"),
      files: try files.map { (file) throws(CommandError) in
        File(
          path: try WireValue.text(file.path, "files.path"),
          bytes: file.bytes,
          sha256: try WireValue.text(file.sha256, "files.sha256")
        )
      }
    )
  }
}

extension Fleet_V1_ManifestSignature {
  init(_ signature: ManifestSignature) {
    self.init()
    key = signature.key
    counter = signature.counter
    if let seconds = signature.expires { expires = seconds }
    self.signature = signature.signature
  }
}

extension ManifestSignature {
  /// Only bounds what a peer may send: whether it counts, the node says. Nil when there is none.
  static func optional(wire request: Fleet_V1_StageRequest) throws(CommandError) -> ManifestSignature? {
    guard request.hasSignature else { return nil }
    let wire = request.signature
    return ManifestSignature(
      key: try WireValue.text(wire.key, "signature.key"),
      counter: wire.counter,
      expires: wire.hasExpires ? try WireValue.number(wire.expires, "signature.expires") : nil,
      signature: try WireValue.text(wire.signature, "signature.signature")
    )
  }
}
