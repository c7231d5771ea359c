internal import FleetCore

/// Tells how a version would come to nodes: what a rollout will do, as far as it can be seen before.
struct PreflightWays {
  private let model: LocalModel
  private let agents: AgentDirectory
  private let deltas: DeltaLibrary

  init(_ model: LocalModel, agents: AgentDirectory, deltas: DeltaLibrary) {
    self.model = model
    self.agents = agents
    self.deltas = deltas
  }

  /// As if there were no deltas and no siblings.
  static func whole(_ model: LocalModel, _ facts: [PreflightFacts]) -> [Delivery] {
    let rules = PreflightRules(model: model)
    return facts.map { fact in
      let bytes = rules.bytes(for: fact)
      return Delivery(sentBytes: bytes, missingBytes: bytes)
    }
  }

  /// In the order of `facts`, which is that of the plan: the first of a store gets it from here, the others from that one.
  func deliveries(_ facts: [PreflightFacts]) async -> [Delivery] {
    var holders: [String: NodeName] = [:]
    for fact in facts where holds(fact) { holders[fact.node.store] = fact.node }
    var deliveries: [Delivery] = []
    for fact in facts {
      deliveries.append(await delivery(to: fact, from: holders[fact.node.store]))
      if case .known = fact.answer, holders[fact.node.store] == nil { holders[fact.node.store] = fact.node }
    }
    return deliveries
  }

  private func holds(_ fact: PreflightFacts) -> Bool {
    guard case .known(let description, _) = fact.answer else { return false }
    return description.repository.contains { $0.digest == model.manifest.digest && $0.role == .active }
  }

  private func delivery(to fact: PreflightFacts, from sibling: NodeName?) async -> Delivery {
    let total = model.manifest.totalBytes
    guard case .known(let description, _) = fact.answer else {
      return Delivery(sentBytes: total, missingBytes: total)
    }
    if description.repository.contains(where: { $0.digest == model.manifest.digest }) { return Delivery() }
    if description.canFetch, let sibling, (try? agents.agent(sibling))?.siblingAddress != nil {
      return Delivery(missingBytes: total, siblings: [sibling])
    }
    guard description.sendEncodings.contains(.delta) else { return Delivery(sentBytes: total, missingBytes: total) }
    var delivery = Delivery(missingBytes: total)
    for file in model.manifest.files {
      guard let offer = try? await deltas.offer(for: file, holding: description.repository) else {
        delivery.sentBytes += file.bytes
        continue
      }
      delivery.sentBytes += offer.bytes
      if !delivery.bases.contains(offer.base) { delivery.bases.append(offer.base) }
    }
    return delivery
  }
}

extension Preflight.Way {
  /// What is alike together; what needs nothing is left out.
  static func grouped(_ deliveries: [Delivery]) -> [Preflight.Way] {
    var ways: [Preflight.Way] = []
    for delivery in deliveries where delivery.missingBytes > 0 {
      let method: Method = !delivery.siblings.isEmpty ? .sibling : delivery.bases.isEmpty ? .full : .delta
      let way = Preflight.Way(
        method: method,
        bases: delivery.bases,
        nodes: 1,
        bytes: delivery.sentBytes,
        missingBytes: delivery.missingBytes
      )
      let place = ways.firstIndex {
        $0.method == way.method && $0.bases == way.bases && $0.bytes == way.bytes && $0.missingBytes == way.missingBytes
      }
      if let place { ways[place].nodes += 1 } else { ways.append(way) }
    }
    return ways.sorted { $0.bytes > $1.bytes }
  }

  /// `delta of @1: 412 KB of 14.2 MB`
  var text: String {
    let (sent, missing) = (Format.bytes(Double(bytes)), Format.bytes(Double(missingBytes)))
    switch method {
    case .full: return "in full: \(sent)"
    case .delta: return "delta of \(bases.map { "@\($0.number)" }.joined(separator: ", ")): \(sent) of \(missing)"
    case .sibling: return "from a sibling: nothing of \(missing) over the line"
    }
  }
}
