/// A probe that worked and does not any more. One that never did says something of the machine's sensors and permissions, and nothing
/// of its health.
struct ProbeRule: Rule {
  /// So often a probe must have worked before its silence means something.
  private static let leastGood = 10
  private static let maximumProbes = 64

  private struct Memory {
    var good = 0
    var watch = LimitWatch(Hysteresis(degradedAfter: 30, clearAfter: 30))
  }

  private var memories: [String: Memory] = [:]

  mutating func judge(_ sample: HealthSample) -> [Finding] {
    var kept: [String: Memory] = [:]
    var findings: [Finding] = []
    for probe in sample.probes.prefix(Self.maximumProbes) {
      var memory = memories[probe.name] ?? Memory()
      if probe.error == nil { memory.good = min(memory.good + 1, Self.leastGood) }
      memory.watch.update(memory.good < Self.leastGood ? nil : measure(probe), at: sample)
      let doubt = "it is not asked any more"
      if var finding = memory.watch.finding(.probe, subject: probe.name, doubt: doubt, at: sample) {
        // There is nothing to measure in that.
        (finding.value, finding.limit) = (nil, nil)
        findings.append(finding)
      }
      kept[probe.name] = memory
    }
    memories = kept
    return findings
  }

  private func measure(_ probe: ProbeReport) -> LimitWatch.Measure {
    LimitWatch.Measure(
      probe.error == nil ? .clear : .over,
      value: probe.error == nil ? 0 : 1,
      limit: 0,
      unit: "",
      now: "the probe '\(probe.name)' gives nothing any more (\(probe.error ?? ""))",
      before: "the probe '\(probe.name)' gave nothing",
      text: "it does"
    )
  }
}
