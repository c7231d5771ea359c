internal import FleetCore
internal import FoundationEssentials
internal import Terminal

/// The node page's text, in blocks.
struct NodeFacts {
  struct Block {
    var title: String
    var lines: [[Span]]
  }

  let state: FleetState
  let theme: Theme
  let node: NodeState

  var blocks: [Block] {
    var blocks = [condition]
    if let frame = node.last, let drain = frame.drain {
      blocks.append(DrainFacts(state: state, theme: theme, facts: self, frame: frame, drain: drain).block)
    }
    blocks += [evidence, engine]
    blocks += accelerators
    blocks += models
    blocks += [repository, box, probes, events]
    return blocks.filter { !$0.lines.isEmpty }
  }

  func fact(_ label: String, _ value: String, _ role: Role = .text) -> [Span] {
    [
      Span(label + String(repeating: " ", count: max(1, 13 - Glyphs.width(of: label))), theme(.muted)),
      Span(value, theme(role)),
    ]
  }

  /// A value, or why there is none.
  private func fact(_ label: String, _ reading: Reading, _ words: (Double) -> String) -> [Span] {
    guard let reason = reading.absence else {
      return fact(label, Format.reading(reading, words) + (reading.isEstimate ? "  estimate" : ""), text)
    }
    return fact(label, "\(Format.absent)  \(reason)", .muted)
  }

  private var isFresh: Bool { node.isReachable(at: state.now) }

  /// Old facts stay readable, but look old.
  private var text: Role { isFresh ? .text : .stale }

  private var condition: Block {
    let now = state.now
    let condition = node.condition(at: now)
    let mark = Mark.of(condition)
    var lines = [fact("health", mark.text, mark.role)]
    for reason in node.last?.reasons ?? [] {
      lines.append(isFresh ? fact("", reason, mark.role) : fact("", "was: \(reason)", .stale))
    }
    if !isFresh {
      lines.append(fact("", node.linkError ?? "the link is there, but nothing comes over it", .stale))
    }
    if let frame = node.last {
      let mark = Mark.of(frame)
      lines.append(
        isFresh ? fact("availability", mark.text, mark.role) : fact("availability", "was \(mark.word)", .stale)
      )
      if let status = frame.autoDrain, status.stage != .watching || status.askingSince != nil {
        lines.append(fact("auto-drain", Self.words(status), status.stage == .probation ? .warning : .critical))
      }
      if let fault = frame.injectedFault { lines.append(fact("injected", "⚑ \(fault)", .warning)) }
      if frame.isSimulated { lines.append(fact("", "simulated: a stand-in, not a box", .warning)) }
    }
    for alert in state.alerts.alerts(of: node.name) {
      let by = alert.acknowledgement.map { ", \($0.by) has it" } ?? ""
      lines.append(fact("alert \(alert.id)", "\(alert.cause.kind.words)\(by)", Mark.of(alert).role))
    }
    return Block(title: "condition", lines: lines)
  }

  static func words(_ status: AutoDrainStatus) -> String {
    let stage =
      switch status.stage {
      case .watching: status.askingSince == nil ? "watching" : "about to drain itself"
      case .wouldDrain: "would drain itself (shadow mode)"
      case .refused: "may not drain itself"
      case .draining: "drained itself"
      case .probation: "on probation"
      case .held: "stays drained until a person undrains it"
      }
    return status.text.isEmpty ? stage : "\(stage): \(status.text)"
  }

  /// What each rule was told from, on the node's clock.
  private var evidence: Block {
    let findings = node.last?.findings ?? []
    let lines = findings.compactMap { finding in
      EvidenceText.words(finding, utcOffset: state.utcOffset).map { words in
        let subject = finding.subject.isEmpty ? "" : "\(finding.subject): "
        return fact(EvidenceText.name(finding.rule), subject + words, isFresh ? .text : .stale)
      }
    }
    return Block(title: "evidence", lines: lines)
  }

  private var engine: Block {
    guard let engine = node.last?.engine else { return Block(title: "engine", lines: []) }
    let isWell = engine.state == .serving || engine.state == .idle
    let state = engine.state.rawValue
    var lines = [isFresh ? fact("state", state, isWell ? .ok : .critical) : fact("state", "was \(state)", .stale)]
    if let problem = engine.problem { lines.append(fact("", problem, isFresh ? .warning : .stale)) }
    lines.append(fact("runtime", engine.runtime ?? Format.absent, text))
    lines.append(fact("device", engine.device ?? Format.absent, text))
    lines.append(fact("process", engine.pid.map { "\($0)" } ?? Format.absent, text))
    lines.append(fact("restarts", "\(engine.restarts)", isFresh && engine.restarts > 0 ? .warning : text))
    lines.append(fact("memory", engine.process.residentBytes, Format.bytes))
    lines.append(fact("CPU time", engine.process.cpuSeconds) { Format.number($0) + " s" })
    return Block(title: "engine", lines: lines)
  }

  private var accelerators: [Block] {
    (node.last?.accelerators ?? []).map { accelerator in
      Block(
        title: "\(accelerator.kind)  \(accelerator.name)",
        lines: [
          fact("utilization", accelerator.utilization, Format.percent),
          fact("power", accelerator.watts) { Format.fixed($0, 1) + " W" },
          fact("energy", accelerator.joules) { Format.number($0) + " J" },
          fact("temperature", accelerator.celsius) { Format.fixed($0, 0) + " °C" },
          fact("memory used", accelerator.memoryUsedBytes, Format.bytes),
          fact("memory", accelerator.memoryTotalBytes, Format.bytes),
        ]
      )
    }
  }

  private var models: [Block] {
    node.metrics.models.map { model in
      func split(_ histogram: LatencyHistogram) -> String {
        let p50 = Format.number(histogram.milliseconds(atPercentile: 50))
        return "p50 \(p50)  p99 \(Format.number(histogram.milliseconds(atPercentile: 99))) ms"
      }
      let capacity = node.last?.capacity.first { $0.model == model.version.name }?.perSecond
      return Block(
        title: "\(model.version)  \(model.digest.short)",
        lines: [
          fact("rate", "\(Format.rate(model.requestsPerSecond)) req/s"),
          fact("latency", split(model.latency)),
          fact("· queue", split(model.queueTime)),
          fact("· compute", split(model.computeTime)),
          fact("requests", Format.count(model.requests)),
          fact("errors", Format.count(model.errors), model.errors > 0 ? .warning : .text),
          fact("in flight", "\(model.inFlight), \(model.queued) of them waiting"),
          fact("energy", model.joulesPerInference) { Format.fixed($0, 3) + " J/inf" },
        ] + (capacity.map { [fact("within SLO", $0) { Format.rate($0) + " req/s" }] } ?? [])
      )
    }
  }

  private var repository: Block {
    let entries = node.description?.repository ?? []
    return Block(
      title: "model repository",
      lines: entries.map { entry in
        let role = entry.role == .stored ? Role.muted : entry.role == .active ? .ok : .text
        return [
          Span("\(entry.version)  ", theme(.text)), Span(entry.role.rawValue, theme(role)),
          Span("  \(entry.digest.short)  \(Format.bytes(Double(entry.bytes)))", theme(.muted)),
        ]
      }
    )
  }

  private var box: Block {
    var lines: [[Span]] = []
    if let facts = node.description {
      lines.append(fact("system", "\(facts.operatingSystem), \(facts.architecture), \(facts.cores) cores"))
      lines.append(fact("agent", "\(facts.agentVersion), process \(facts.agentPID)"))
      lines.append(fact("inference", facts.httpAddress))
      if !facts.siblings.isEmpty {
        lines.append(fact("siblings", facts.siblings.map(\.description).joined(separator: ", ")))
      }
    }
    lines.append(fact("control", node.address))
    if let frame = node.last {
      lines.append(fact("agent memory", frame.agent.residentBytes, Format.bytes))
      lines.append(fact("memory used", frame.memoryUsedBytes, Format.bytes))
      lines.append(fact("memory", frame.memoryTotalBytes, Format.bytes))
      lines.append(fact("disk free", frame.diskFreeBytes, Format.bytes))
    }
    for (key, value) in node.labels.sorted(by: { $0.key < $1.key }) { lines.append(fact("label", "\(key)=\(value)")) }
    return Block(title: "box", lines: lines)
  }

  private var probes: Block {
    Block(
      title: "probes",
      lines: (node.last?.probes ?? []).map { probe in
        probe.error.map { fact(probe.name, "✖ \($0)", .warning) }
          ?? fact(probe.name, "● \(Format.number(probe.seconds * 1000)) ms", .muted)
      }
    )
  }

  private var events: Block {
    let own = state.log.events.filter { $0.node == node.name }.suffix(6).reversed()
    return Block(
      title: "last events",
      lines: own.map { event in
        let mark = Mark.of(event.weight)
        return [
          Span(Format.clock(event.date, utcOffset: state.utcOffset) + " ", theme(.muted)),
          Span("\(mark.glyph) \(event.text)", theme(mark.role)),
        ]
      }
    )
  }
}
