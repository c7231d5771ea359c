import ArgumentParser
import FleetConsole
import FleetCore
import Foundation
import Synchronization

/// Runs a job for the command line: a line for each thing that happens, or one JSON document at the end.
enum JobRunner {
  /// Throws status 1 when the job did not succeed, 3 when that is because a node did not answer.
  static func run(_ job: some Job, json: Bool) async throws {
    let printed = Mutex<[NodeName: String]>([:])
    let report = await job.run { report in
      guard !json else { return }
      for step in report.steps where step.phase != .waiting {
        let isNews = printed.withLock { seen in
          let line = "\(step.phase) \(step.text)"
          // Progress in bytes would be a line a chunk; the last word of each step is enough without a screen.
          let isProgress = step.phase == .active && step.fraction.map { $0 > 0 && $0 < 1 } == true
          guard !isProgress, seen[step.node] != line else { return false }
          seen[step.node] = line
          return true
        }
        if isNews {
          print("\(step.node): \(step.text)")
          fflush(nil)
        }
      }
    }
    if json {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
      print(String(decoding: try encoder.encode(report), as: UTF8.self))
    }
    switch report.state {
    case .succeeded, .running: return
    case .failed(let problem, let code):
      if !json { Complaint.print("fleet: \(report.title) failed: \(problem)") }
      throw code == .unreachable || code == .timeout ? ExitStatus.someUnreachable : ExitStatus.failed
    case .cancelled:
      if !json { Complaint.print("fleet: \(report.title) was stopped") }
      throw ExitStatus.failed
    }
  }
}
