/// Turns samples into a verdict. Each rule has hysteresis: it must hold for a while before it speaks, and be well clear for a while
/// before it is silent. Too few requests are no evidence: then a rule keeps its last word.
package struct HealthMonitor: Sendable {
  /// Window over which latency and errors are judged.
  package static let windowSeconds = 10.0

  private var rules: [any Rule]

  package init(slo: ServiceLevel, limits: HealthLimits = HealthLimits()) {
    rules = HealthRule.allCases.filter(limits.isOn).map { Self.rule($0, slo, limits) }
  }

  /// Takes one sample and gives what is wrong, worst first; nothing when the node is healthy.
  package mutating func update(_ sample: HealthSample) -> HealthVerdict {
    var findings: [Finding] = []
    for index in rules.indices { findings += rules[index].judge(sample) }
    let sorted = findings.enumerated().sorted {
      ($1.element.health, $0.offset) < ($0.element.health, $1.offset)
    }.map(\.element)
    return HealthVerdict(findings: Array(sorted.prefix(HealthVerdict.maximumFindings)))
  }

  /// In the order of `HealthRule`, which is also the order of findings that are equally bad.
  private static func rule(_ rule: HealthRule, _ slo: ServiceLevel, _ limits: HealthLimits) -> any Rule {
    switch rule {
    case .engine: EngineRule()
    case .latency: LatencyRule(slo: slo, limits: limits)
    case .errors: ErrorRule(slo: slo, limits: limits)
    case .latencyOfBefore: LatencyOfBeforeRule(slo: slo, limits: limits)
    case .latencyOfSiblings: LatencyOfSiblingsRule(slo: slo, limits: limits)
    case .temperature: TemperatureRule(slo: slo)
    case .throttling: ThrottlingRule()
    case .energy: EnergyRule(limits: limits)
    case .disk: DiskRule(limits: limits)
    case .clock: ClockRule(limits: limits)
    case .certificate: CertificateRule(limits: limits)
    case .probe: ProbeRule()
    case .reading: ReadingRule()
    }
  }
}

/// What the rules make of a node.
package struct HealthVerdict: Sendable, Equatable {
  /// More are not told of: somebody has to read them.
  package static let maximumFindings = 32

  /// Worst first.
  package var findings: [Finding]

  package init(findings: [Finding] = []) {
    self.findings = findings
  }

  package var health: Health { findings.first?.health ?? .healthy }

  package var reasons: [String] { findings.map(\.text) }
}
