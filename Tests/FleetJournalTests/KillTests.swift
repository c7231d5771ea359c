import FleetCore
import FleetTestSupport
import Foundation
import Testing

@testable import FleetJournal

/// The process of a job, killed at random moments while it appends events.
struct KillTests {
  /// FLEET_KILLS makes it a long run.
  private static let kills = ProcessInfo.processInfo.environment["FLEET_KILLS"].flatMap { Int($0) } ?? 25

  @Test func noEventThatWasAcknowledgedIsLost() async throws {
    var random = SeededRandom()
    let fleet = try TestFleet()
    let steps = Self.kills * 200
    let id = try await fleet.rehearse("--steps", "\(steps)", "--pace", "100us")
    kill(try await fleet.owner(id), SIGKILL)
    try await soon("it is gone") { !fleet.store.isDriven(id) }
    var whileAppending = 0
    var before = try fleet.steps(id)
    for round in 0..<Self.kills {
      let process = try fleet.drive(id, output: "round")
      // Some die before they have begun, most while they append.
      if random.chance(0.85) {
        try await soon("it appends") { try fleet.text("round").contains("on disk: ") || !process.isRunning }
      }
      try await Task.sleep(for: .microseconds(Int.random(in: 0..<100_000, using: &random)))
      kill(process.processIdentifier, SIGKILL)
      process.waitUntilExit()
      let numbers = try fleet.text("round").split(separator: "\n").compactMap { line in
        line.hasPrefix("on disk: ") ? Int(line.dropFirst(9)) : nil
      }
      let events = try fleet.store.events(of: id)
      #expect(events.map(\.sequence) == Array(1...max(1, events.count)), "round \(round)")
      #expect(events.count >= numbers.last ?? before, "round \(round)")
      #expect(events.count <= (numbers.last ?? before) + 1, "one may be there that nobody was told of")
      if !numbers.isEmpty { whileAppending += 1 }
      before = events.count
      let job = try fleet.store.job(id)
      #expect(job.state == .interrupted, "round \(round): \(job)")
    }
    print("killed \(Self.kills) times, \(whileAppending) of them while appending, at \(before) events")
    #expect(whileAppending > Self.kills / 2)
    #expect(try await fleet.fleet("jobs", "resume", "\(id)").status == 0)
    let end = try await fleet.fleet("jobs", "watch", "\(id)", deadline: .seconds(180))
    #expect(
      end.status == 0 && end.output.hasSuffix("\(id) succeeded, \(steps) of \(steps) steps: \(steps) steps\n"),
      "\(end)"
    )
  }
}
