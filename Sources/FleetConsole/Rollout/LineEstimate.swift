internal import FleetCore

/// How long bytes take at least at the limits of a strategy. Lines may be thinner than that.
struct LineEstimate {
  let strategy: RolloutStrategy

  init(_ strategy: RolloutStrategy) {
    self.strategy = strategy
  }

  /// For a wave, of which each store is to get so many bytes; nil without a limit. Nodes of a store come one after the other, so a
  /// store gets no more than one of them does.
  func seconds(_ stores: [UInt64]) -> Double? {
    let store = least([strategy.nodeLimit, strategy.storeLimit])
    let bytes = stores.map { Double($0) }
    let all = bytes.reduce(0, +)
    var bounds: [Double] = []
    if let store { bounds += [(bytes.max() ?? 0) / store, all / store / Double(strategy.storesAtOnce)] }
    if let fleet = strategy.fleetLimit { bounds.append(all / fleet.bytesPerSecond) }
    return bounds.max()
  }

  /// Bytes per second that a node gets while so many stores are worked on; nil without a limit.
  func rate(stores: Int) -> Double? {
    let share = Double(max(1, min(stores, strategy.storesAtOnce)))
    let fleet = strategy.fleetLimit.map { $0.bytesPerSecond / share }
    return [least([strategy.nodeLimit, strategy.storeLimit]), fleet].compactMap(\.self).min()
  }

  private func least(_ rates: [ByteRate?]) -> Double? { rates.compactMap { $0?.bytesPerSecond }.min() }
}

extension PreflightRules {
  /// A step has a time limit, and a limit of the line does not lengthen it.
  func slowness(
    of facts: PreflightFacts,
    _ bytes: UInt64,
    _ line: LineEstimate,
    storesAtOnce stores: Int
  ) -> [Preflight.Problem] {
    guard case .known = facts.answer, let rate = line.rate(stores: stores) else { return [] }
    let seconds = Double(bytes) / rate
    let limit = line.strategy.stepTimeout.seconds
    guard seconds > limit else { return [] }
    let reason = "its transfer takes \(Format.age(seconds)) at the limits, and a step may take \(Format.age(limit))"
    let cure = "a higher limit, or a longer 'step_timeout' in the strategy"
    return [
      Preflight.Problem(
        node: facts.node,
        wave: facts.wave,
        kind: .tooSlow,
        effect: .fails,
        reason: reason,
        cure: cure
      )
    ]
  }
}
