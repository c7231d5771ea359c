package import FoundationEssentials

/// What does not change while an agent runs, and what its model repository holds.
package struct NodeDescription: Sendable, Equatable {
  package var name: NodeName
  package var agentVersion: String
  package var agentPID: Int32
  package var started: Date
  package var operatingSystem: String
  package var architecture: String
  package var cores: Int
  /// Where the node answers the Open Inference Protocol over REST, HOST:PORT.
  package var httpAddress: String
  /// The same over gRPC; nil when it does not.
  package var grpcAddress: String?
  /// Where it answers Prometheus; nil when it does not.
  package var metricsAddress: String?
  package var siblings: [NodeName]
  package var repository: [RepositoryEntry]
  /// Whether it takes only versions that a key of its choice has signed.
  package var isSignatureRequired: Bool
  /// When the certificate ends by which it is known; nil for one that needs none, or does not say.
  package var certificateExpires: Date?
  /// Whether this is a simulation, not a box.
  package var isSimulated: Bool
  /// How it takes files; empty of agents that tell only when a version is announced.
  package var sendEncodings: Set<FileTransfer.Encoding>
  /// Whether it can bring a version from a sibling.
  package var canFetch: Bool
  /// What was done to it or happened to it lately, newest last; empty of agents that do not say.
  package var changes: [NodeChange] = []

  package init(
    name: NodeName,
    agentVersion: String,
    agentPID: Int32,
    started: Date,
    operatingSystem: String,
    architecture: String,
    cores: Int,
    httpAddress: String,
    grpcAddress: String? = nil,
    metricsAddress: String? = nil,
    siblings: [NodeName] = [],
    repository: [RepositoryEntry] = [],
    isSignatureRequired: Bool = false,
    certificateExpires: Date? = nil,
    isSimulated: Bool = false,
    sendEncodings: Set<FileTransfer.Encoding> = [],
    canFetch: Bool = false
  ) {
    self.name = name
    self.agentVersion = agentVersion
    self.agentPID = agentPID
    self.started = started
    self.operatingSystem = operatingSystem
    self.architecture = architecture
    self.cores = cores
    self.httpAddress = httpAddress
    self.grpcAddress = grpcAddress
    self.metricsAddress = metricsAddress
    self.siblings = siblings
    self.repository = repository
    self.isSignatureRequired = isSignatureRequired
    self.certificateExpires = certificateExpires
    self.isSimulated = isSimulated
    self.sendEncodings = sendEncodings
    self.canFetch = canFetch
  }
}

/// One complete version in a node's model repository.
package struct RepositoryEntry: Sendable, Equatable {
  package enum Role: String, Sendable {
    /// What the node serves.
    case active
    /// What `rollback` returns to: the last good version, or the one before when none was ever good.
    case previous
    /// Complete and verified, not in use.
    case stored
  }

  package var version: ModelVersion
  package var digest: ModelDigest
  package var bytes: UInt64
  package var role: Role
  /// Why the node does not choose it by itself: it kept crashing, or could not be loaded. Nil when it may.
  package var problem: String?
  /// Whether it has yet to serve its probation.
  package var isProvisional: Bool

  package init(
    version: ModelVersion,
    digest: ModelDigest,
    bytes: UInt64,
    role: Role,
    problem: String? = nil,
    isProvisional: Bool = false
  ) {
    self.version = version
    self.digest = digest
    self.bytes = bytes
    self.role = role
    self.problem = problem
    self.isProvisional = isProvisional
  }
}
