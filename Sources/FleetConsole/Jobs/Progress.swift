internal import FleetCore
internal import Synchronization

/// A report that is changed and told in one step.
final class Progress: Sendable {
  private let report: Mutex<JobReport>
  private let tell: @Sendable (JobReport) -> Void

  init(_ report: JobReport, _ tell: @escaping @Sendable (JobReport) -> Void) {
    self.report = Mutex(report)
    self.tell = tell
    tell(report)
  }

  @discardableResult
  func change(_ change: @Sendable (inout JobReport) -> Void) -> JobReport {
    let (new, isNews) = report.withLock { report in
      let old = report
      change(&report)
      return (report, report != old)
    }
    if isNews { tell(new) }
    return new
  }
}
