internal import FleetCore
internal import FoundationEssentials

/// Tells from what a node says of itself why a version would not get there.
struct PreflightRules {
  /// What agents keep free whatever comes (`ModelRepository.reservedBytes`).
  static let reservedBytes: UInt64 = 64 << 20
  static let clockTolerance = 60.0
  /// A certificate that ends within that many seconds is to be renewed first.
  static let certificateNotice = 30 * 86_400.0

  let manifest: ModelManifest
  let signature: ManifestSignature?
  /// The version of `fleet`: agents older than that may not know what a rollout asks of them.
  var agentVersion = BuildVersion.text

  init(model: LocalModel) {
    manifest = model.manifest
    signature = model.signature
  }

  /// What is to be sent to the node.
  func bytes(for facts: PreflightFacts) -> UInt64 {
    guard case .known(let description, _) = facts.answer else { return manifest.totalBytes }
    return description.repository.contains { $0.digest == manifest.digest } ? 0 : manifest.totalBytes
  }

  func isServing(_ facts: PreflightFacts) -> Bool {
    guard case .known(let description, _) = facts.answer else { return false }
    return description.repository.contains { $0.digest == manifest.digest && $0.role == .active }
  }

  func problems(of facts: PreflightFacts) -> [Preflight.Problem] {
    func problem(_ kind: Preflight.Problem.Kind, _ effect: Preflight.Problem.Effect, _ reason: String, _ cure: String)
      -> Preflight.Problem
    {
      Preflight.Problem(node: facts.node, wave: facts.wave, kind: kind, effect: effect, reason: reason, cure: cure)
    }
    switch facts.answer {
    case .unknown(let error):
      return [problem(.unknownNode, .fails, error.message, "name nodes of fleet.yaml")]
    case .unreachable(let error):
      let cure = "look at its line and power; it gets the version when it returns in time, else at the next push"
      return [problem(.unreachable, .waits, error.message, cure)]
    case .known(let description, let frame):
      var found = repository(description, problem)
      switch frame {
      case .success(let frame): found += state(frame, facts, problem)
      case .failure(let error):
        found.append(
          problem(.unreachable, .waits, "sends no frames: \(error.message)", "look at fleetd's log on that node")
        )
      }
      found += trust(description, facts, problem)
      found += agent(description, problem)
      return found
    }
  }

  private typealias Make = (Preflight.Problem.Kind, Preflight.Problem.Effect, String, String) -> Preflight.Problem

  private func repository(_ description: NodeDescription, _ problem: Make) -> [Preflight.Problem] {
    let version = manifest.version
    guard let held = description.repository.first(where: { $0.version == version }) else { return [] }
    if held.digest != manifest.digest {
      let reason = "holds \(version) with other contents (\(held.digest.short), not \(manifest.digest.short))"
      return [problem(.numberTaken, .fails, reason, "give the new contents another number than \(version.number)")]
    }
    guard let trouble = held.problem else { return [] }
    return [
      problem(
        .failedBefore,
        .fails,
        "\(version) failed here before: \(trouble)",
        "mend it and push it under a new number"
      )
    ]
  }

  private func agent(_ description: NodeDescription, _ problem: Make) -> [Preflight.Problem] {
    guard !description.isSimulated else { return [] }
    let reason = "its fleetd is \(description.agentVersion), this fleet is \(agentVersion)"
    if Self.isOlder(description.agentVersion, than: agentVersion) {
      return [problem(.agent, .doubtful, reason, "update fleetd on it to \(agentVersion)")]
    }
    guard Self.isOlder(agentVersion, than: description.agentVersion) else { return [] }
    return [problem(.newerAgent, .doubtful, reason, "update fleet here to \(description.agentVersion)")]
  }

  /// Whether it trusts the version, and whether it is trusted for long enough.
  private func trust(_ description: NodeDescription, _ facts: PreflightFacts, _ problem: Make) -> [Preflight.Problem] {
    var found: [Preflight.Problem] = []
    if description.isSignatureRequired, !isServing(facts) {
      let cure = "fleet sign FOLDER --key KEY, with a key that the node trusts"
      if let expires = signature?.expires, expires < facts.seconds {
        let ago = Format.age(facts.seconds - expires)
        let reason = "takes only signed versions, and the signature of \(manifest.version) expired \(ago) ago"
        found.append(problem(.signature, .fails, reason, cure))
      } else if signature == nil {
        let reason = "takes only signed versions, and nobody has signed \(manifest.version)"
        found.append(problem(.signature, .fails, reason, cure))
      }
    }
    if let expires = description.certificateExpires, !description.isSimulated {
      let left = expires.timeIntervalSince1970 - facts.seconds
      if left < Self.certificateNotice {
        let reason = "its certificate expires in \(Format.age(left)); nobody reaches it then"
        let cure = "fleet ca issue --node \(facts.node), and start its fleetd anew with it"
        found.append(problem(.certificate, .doubtful, reason, cure))
      }
    }
    return found
  }

  private func state(_ frame: Frame, _ facts: PreflightFacts, _ problem: Make) -> [Preflight.Problem] {
    var found: [Preflight.Problem] = []
    let needed = bytes(for: facts)
    if needed > 0, let free = frame.diskFreeBytes.value {
      let missing = Double(needed) + Double(Self.reservedBytes) - max(0, free)
      if missing > 0 {
        let reserve = Format.bytes(Double(Self.reservedBytes))
        let reason =
          "\(Format.bytes(max(0, free))) are free, \(Format.bytes(Double(needed))) and \(reserve) in reserve are needed"
        found.append(problem(.noSpace, .fails, reason, "free \(Format.bytes(missing.rounded(.up))) on its disk"))
      }
    }
    if frame.engine.state == .failed || frame.engine.runtime == nil && frame.engine.state != .starting {
      let reason = frame.engine.problem ?? "its engine is \(frame.engine.state.rawValue) and names no runtime"
      let hasNoDevice = reason.contains(EngineStatus.noDevice)
      found.append(
        hasNoDevice
          ? problem(.device, .fails, reason, "start its fleetd with a --device that it has")
          : problem(.noRuntime, .fails, reason, "install the runtime there; 'fleet status' tells how its engine is")
      )
    }
    if frame.availability != .serving {
      let why = frame.drain.map { " for: \($0.reason)" } ?? ""
      let reason = "is \(frame.availability.rawValue)\(why); without requests its gate has nothing to decide on"
      found.append(problem(.drained, .waits, reason, "fleet undrain \(facts.node)"))
    }
    let offset = frame.time.timeIntervalSince1970 - facts.seconds
    if offset.magnitude > Self.clockTolerance {
      let reason = "its clock is \(Format.age(offset.magnitude)) \(offset < 0 ? "behind" : "ahead")"
      found.append(problem(.clock, .doubtful, reason, "set its clock, and see why it is not kept (NTP)"))
    }
    return found
  }

  /// Compares numbers part by part: 0.9 is older than 0.10. What is no number is not judged.
  static func isOlder(_ version: String, than other: String) -> Bool {
    let left = version.split(separator: ".").map { Int($0) }
    let right = other.split(separator: ".").map { Int($0) }
    guard !left.isEmpty, !right.isEmpty else { return false }
    for index in 0..<max(left.count, right.count) {
      guard let a = index < left.count ? left[index] : 0, let b = index < right.count ? right[index] : 0 else {
        return false
      }
      if a != b { return a < b }
    }
    return false
  }
}
