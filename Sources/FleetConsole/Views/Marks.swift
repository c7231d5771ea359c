internal import FleetCore
internal import Terminal

/// A glyph, a word and a role for everything that has a colour: the colour alone never tells.
struct Mark {
  var glyph: String
  var word: String
  var role: Role

  var text: String { "\(glyph) \(word)" }

  static func of(_ condition: Condition) -> Mark {
    switch condition {
    case .healthy: Mark(glyph: "●", word: "healthy", role: .ok)
    case .degraded: Mark(glyph: "◐", word: "degraded", role: .warning)
    case .faulty: Mark(glyph: "✖", word: "faulty", role: .critical)
    case .unreachable: Mark(glyph: "○", word: "unreachable", role: .critical)
    case .connecting: Mark(glyph: "◌", word: "connecting", role: .muted)
    }
  }

  /// What a node does for its clients; an engine that is away comes before what the agent wishes for.
  static func of(_ frame: Frame) -> Mark {
    switch (frame.availability, frame.engine.state) {
    case (.drained, _): Mark(glyph: "▣", word: "drained", role: .accent)
    case (.draining, _): Mark(glyph: "▽", word: "draining", role: .accent)
    case (.serving, .serving): Mark(glyph: "▶", word: "serving", role: .text)
    case (.serving, .idle): Mark(glyph: "▷", word: "no model", role: .warning)
    case (.serving, .starting): Mark(glyph: "↻", word: "starting", role: .warning)
    case (.serving, .restarting): Mark(glyph: "↻", word: "restarting", role: .critical)
    case (.serving, .hung): Mark(glyph: "✖", word: "hung", role: .critical)
    case (.serving, .failed): Mark(glyph: "✖", word: "failed", role: .critical)
    }
  }

  static func of(_ weight: FleetEvent.Weight) -> Mark {
    switch weight {
    case .good: Mark(glyph: "●", word: "", role: .ok)
    case .neutral: Mark(glyph: "·", word: "", role: .muted)
    case .warning: Mark(glyph: "◐", word: "", role: .warning)
    case .critical: Mark(glyph: "✖", word: "", role: .critical)
    }
  }

  static func of(_ phase: JobReport.Step.Phase) -> Mark {
    switch phase {
    case .waiting: Mark(glyph: "·", word: "waiting", role: .muted)
    case .active: Mark(glyph: "▶", word: "active", role: .accent)
    case .done: Mark(glyph: "●", word: "done", role: .ok)
    case .failed: Mark(glyph: "✖", word: "failed", role: .critical)
    case .skipped: Mark(glyph: "○", word: "skipped", role: .muted)
    }
  }
}

extension Mark {
  static func of(_ state: ListedJob.State) -> Mark {
    switch state {
    case .queued: Mark(glyph: "◌", word: "queued", role: .muted)
    case .running: Mark(glyph: "▶", word: "running", role: .accent)
    case .paused: Mark(glyph: "◐", word: "paused", role: .warning)
    case .interrupted: Mark(glyph: "✖", word: "interrupted", role: .critical)
    case .succeeded: Mark(glyph: "●", word: "succeeded", role: .ok)
    case .failed: Mark(glyph: "✖", word: "failed", role: .critical)
    case .cancelled: Mark(glyph: "○", word: "cancelled", role: .muted)
    case .undone: Mark(glyph: "○", word: "undone", role: .muted)
    }
  }

  static func of(_ phase: RolloutNode.Phase) -> Mark {
    let word = JobText.word(phase)
    return switch phase {
    case .waiting, .cancelled: Mark(glyph: "·", word: word, role: .muted)
    case .unreachable: Mark(glyph: "○", word: word, role: .critical)
    case .transferring, .switching, .baking, .confirming: Mark(glyph: "▶", word: word, role: .accent)
    case .undecided: Mark(glyph: "◐", word: word, role: .warning)
    case .rollingBack: Mark(glyph: "↻", word: word, role: .warning)
    case .rolledBack: Mark(glyph: "◐", word: word, role: .warning)
    case .passed: Mark(glyph: "●", word: word, role: .ok)
    case .failed: Mark(glyph: "✖", word: word, role: .critical)
    case .superseded, .skipped: Mark(glyph: "○", word: word, role: .muted)
    }
  }
}
