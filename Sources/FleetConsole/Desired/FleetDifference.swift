package import FleetCore

/// What the nodes serve, held against what `fleet.yaml` says that they should.
package struct FleetDifference: Sendable, Equatable {
  /// One model on one node.
  package struct Entry: Sendable, Equatable {
    package enum State: String, Sendable, CaseIterable {
      case same
      case differs
      /// It did not answer: nobody knows what it serves.
      case unknown
    }

    package var node: NodeName
    package var desired: ModelVersion
    package var state: State
    /// What it serves of the model; nil for nothing, and while that is unknown.
    package var served: ModelVersion?
    /// Whether what it serves has yet to serve its probation.
    package var isProvisional: Bool
    /// Nil while it is unknown.
    package var isSimulated: Bool?
    /// In words: what differs, or why it is unknown; empty when there is nothing to say.
    package var reason: String
    /// Why a rollout could not change that: the version failed there before, or its number has other contents there.
    package var obstacle: String?
  }

  package let fleet: String
  /// By model in the file's order, and then by node; what the file says nothing of is left out.
  package let entries: [Entry]
  /// Why a version that is asked for could not be brought to a node.
  package let problems: [String]

  /// `versions` are those of the models folder that are asked for, or why they cannot be had: of a number that is the same the
  /// contents are compared too.
  package init(
    _ fleet: FleetDefinition,
    survey: NodeSurvey,
    versions: [ModelVersion: Result<LocalModel, CommandError>]
  ) {
    self.fleet = fleet.name
    entries = fleet.models.flatMap { model in
      fleet.nodes.compactMap { node in
        guard let number = model.desired?.number(for: node) else { return nil }
        let desired = ModelVersion(name: model.name, number: number)
        let answer = survey.answers[node.name] ?? .failure(CommandError(.unreachable, "was not asked"))
        return Self.entry(node.name, desired, answer, digest: try? versions[desired]?.get().manifest.digest)
      }
    }
    var told: Set<ModelVersion> = []
    problems = entries.map(\.desired).filter { told.insert($0).inserted }.compactMap { version in
      guard case .failure(let error) = versions[version] else { return nil }
      return "\(version) should run, but cannot be pushed: \(error.message)"
    }
  }

  private static func entry(
    _ node: NodeName,
    _ desired: ModelVersion,
    _ answer: Result<NodeDescription, CommandError>,
    digest: ModelDigest?
  ) -> Entry {
    var entry = Entry(node: node, desired: desired, state: .unknown, isProvisional: false, reason: "")
    let description: NodeDescription
    switch answer {
    case .success(let value): description = value
    case .failure(let error):
      entry.reason = error.message
      return entry
    }
    entry.isSimulated = description.isSimulated
    entry.state = .differs
    entry.obstacle = obstacle(desired, digest: digest, description)
    guard
      let active = description.repository.first(where: { $0.role == .active && $0.version.name == desired.name })
    else {
      entry.reason = "serves no version of \(desired.name)"
      return entry
    }
    entry.served = active.version
    entry.isProvisional = active.isProvisional
    if active.version != desired {
      entry.reason = "serves \(active.version)"
    } else if let digest, active.digest != digest {
      entry.reason = "serves other contents of that number"
    } else {
      entry.state = .same
      entry.obstacle = nil
      entry.reason = active.isProvisional ? "on probation" : ""
    }
    return entry
  }

  private static func obstacle(
    _ desired: ModelVersion,
    digest: ModelDigest?,
    _ description: NodeDescription
  ) -> String? {
    guard let held = description.repository.first(where: { $0.version == desired }) else { return nil }
    if let digest, held.digest != digest {
      let (there, here) = (held.digest.short, digest.short)
      return "\(desired) is \(there) there and \(here) in the models folder; give one another number"
    }
    return held.problem.map { "\(desired) failed here before: \($0); mend it and give it another number" }
  }

  package func count(_ state: Entry.State) -> Int { entries.count { $0.state == state } }
}
