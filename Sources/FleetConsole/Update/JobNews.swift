internal import FleetCore

/// Reports of jobs into state and log.
enum JobNews {
  static func receive(_ report: JobReport, _ state: inout FleetState) {
    let old = state.job?.kind == report.kind && state.job?.title == report.title ? state.job : nil
    state.job = report
    let phases = Dictionary(old?.steps.map { ($0.node, $0.phase) } ?? [], uniquingKeysWith: { $1 })
    for step in report.steps where step.phase == .done || step.phase == .failed {
      guard phases[step.node] != step.phase else { continue }
      state.tell(step.phase == .done ? .good : .critical, step.node, "\(report.kind.rawValue): \(step.text)")
    }
    guard report.state != .running, old?.state != report.state else { return }
    switch report.state {
    case .running: break
    case .succeeded: state.tell(.good, nil, "\(report.title): done")
    case .cancelled: state.tell(.warning, nil, "\(report.title): stopped")
    case .failed(let problem, _): state.tell(.critical, nil, "\(report.title): failed: \(problem)")
    }
  }
}
