import FleetCore
import FoundationEssentials

private let maximumSiblings = 256
private let maximumEntries = 4096

extension Fleet_V1_NodeDescription {
  init(_ description: NodeDescription) {
    self.init()
    node = description.name.description
    agentVersion = WireValue.shortened(description.agentVersion)
    agentPid = description.agentPID
    started = description.started.wireNanoseconds
    operatingSystem = WireValue.shortened(description.operatingSystem)
    architecture = WireValue.shortened(description.architecture)
    cores = UInt32(clamping: description.cores)
    httpAddress = WireValue.shortened(description.httpAddress)
    if let address = description.grpcAddress { grpcAddress = WireValue.shortened(address) }
    if let address = description.metricsAddress { metricsAddress = WireValue.shortened(address) }
    siblings = description.siblings.prefix(maximumSiblings).map(\.description)
    repository = description.repository.prefix(maximumEntries).map(Fleet_V1_RepositoryEntry.init)
    isSimulated = description.isSimulated
    isSignatureRequired = description.isSignatureRequired
    if let date = description.certificateExpires { certificateExpires = date.wireNanoseconds }
    sendEncodings = description.sendEncodings.map(Fleet_V1_SendEncoding.init)
    canFetch = description.canFetch
    changes = description.changes.suffix(NodeChange.maximumCount).map(Fleet_V1_NodeChange.init)
  }
}

extension NodeDescription {
  init(wire: Fleet_V1_NodeDescription) throws(CommandError) {
    self.init(
      name: try WireValue.nodeName(wire.node, "node"),
      agentVersion: try WireValue.text(wire.agentVersion, "agent_version"),
      agentPID: wire.agentPid,
      started: Date(wireNanoseconds: wire.started),
      operatingSystem: try WireValue.text(wire.operatingSystem, "operating_system"),
      architecture: try WireValue.text(wire.architecture, "architecture"),
      cores: Int(wire.cores),
      httpAddress: try WireValue.text(wire.httpAddress, "http_address"),
      grpcAddress: wire.hasGrpcAddress ? try WireValue.text(wire.grpcAddress, "grpc_address") : nil,
      metricsAddress: wire.hasMetricsAddress ? try WireValue.text(wire.metricsAddress, "metrics_address") : nil,
      siblings: try WireValue.list(wire.siblings, atMost: maximumSiblings, "siblings")
        .map { (name) throws(CommandError) in try WireValue.nodeName(name, "siblings") },
      repository: try WireValue.list(wire.repository, atMost: maximumEntries, "repository")
        .map { (entry) throws(CommandError) in try RepositoryEntry(wire: entry, "repository") },
      isSignatureRequired: wire.isSignatureRequired,
      certificateExpires: wire.hasCertificateExpires ? Date(wireNanoseconds: wire.certificateExpires) : nil,
      isSimulated: wire.isSimulated,
      sendEncodings: FileTransfer.Encoding.known(wire.sendEncodings),
      canFetch: wire.canFetch
    )
    changes = try WireValue.list(wire.changes, atMost: NodeChange.maximumCount, "changes")
      .map { (entry) throws(CommandError) in try NodeChange(wire: entry, "changes") }.compactMap { $0 }
  }
}
