/// What came of a command that worked.
package enum Outcome: Sendable, Equatable {
  /// Answers `stage`: how much of each file is there already. All complete means ready to activate.
  case staged([StagedFile])
  /// Answers `write`: how many bytes of the file are there now.
  case written(receivedBytes: UInt64)
  /// Answers `activate` and `rollback`.
  case activated(Activation)
  /// Answers `evaluate`.
  case evaluated(GoldenResult)
  /// Answers `confirm`.
  case confirmed
  /// Answers `drain`; frames tell when it is done.
  case draining(handOffTo: [NodeName])
  /// Answers `undrain`.
  case serving
}

package struct StagedFile: Sendable, Equatable {
  package var path: String
  package var receivedBytes: UInt64
  package var totalBytes: UInt64
  /// A delta for it that broke off; nil for none.
  package var delta: PartialDelta?

  package init(path: String, receivedBytes: UInt64, totalBytes: UInt64, delta: PartialDelta? = nil) {
    self.path = path
    self.receivedBytes = receivedBytes
    self.totalBytes = totalBytes
    self.delta = delta
  }

  package var isComplete: Bool { receivedBytes == totalBytes }
}

/// As much of a delta as has come.
package struct PartialDelta: Sendable, Equatable {
  /// Of the whole delta, in hexadecimal.
  package var sha256: String
  package var receivedBytes: UInt64

  package init(sha256: String, receivedBytes: UInt64) {
    self.sha256 = sha256
    self.receivedBytes = receivedBytes
  }
}

package struct Activation: Sendable, Equatable {
  package var active: ModelVersion
  package var digest: ModelDigest
  /// What was served before and `rollback` returns to; nil for a first version.
  package var previous: ModelVersion?
  /// Time to compile and warm, in milliseconds; 0 when it was active already.
  package var loadMilliseconds: Double

  package init(active: ModelVersion, digest: ModelDigest, previous: ModelVersion?, loadMilliseconds: Double) {
    self.active = active
    self.digest = digest
    self.previous = previous
    self.loadMilliseconds = loadMilliseconds
  }
}
