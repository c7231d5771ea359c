import FleetCore
import FoundationEssentials

private let maximumVersions = 64

extension Fleet_V1_EngineCrash {
  init(_ crash: EngineCrash) {
    self.init()
    time = crash.time.wireNanoseconds
    cause = WireValue.shortened(crash.cause)
    versions = crash.versions.prefix(maximumVersions).map(Fleet_V1_ModelVersion.init)
    lastWords = WireValue.shortened(crash.lastWords)
  }
}

extension EngineCrash {
  init(wire: Fleet_V1_EngineCrash, _ field: String) throws(CommandError) {
    self.init(
      time: Date(wireNanoseconds: wire.time),
      cause: try WireValue.text(wire.cause, "\(field).cause"),
      versions: try WireValue.list(wire.versions, atMost: maximumVersions, "\(field).versions")
        .map { (version) throws(CommandError) in try ModelVersion(wire: version, "\(field).versions") },
      lastWords: try WireValue.text(wire.lastWords, "\(field).last_words")
    )
  }
}
