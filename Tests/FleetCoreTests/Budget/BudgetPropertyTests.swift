import FleetCore
import FleetTestSupport
import Foundation
import Testing

/// What holds of a store's budget whatever happens, tried with random drains, failures, restarts and links. FLEET_SEED repeats a run;
/// FLEET_BUDGET_FLEETS is how many fleets are tried.
struct BudgetPropertyTests {
  @Test func noVoluntaryActionTakesTheLastHealthyNode() async {
    var random = SeededRandom()
    let fleets = ProcessInfo.processInfo.environment["FLEET_BUDGET_FLEETS"].flatMap { Int($0) } ?? 3000
    var (departures, refusals, excused) = (0, 0, 0)
    for fleet in 0..<fleets {
      // Other tests need the thread too.
      await Task.yield()
      var world = BudgetWorld(SeededRandom(seed: random.next()))
      for _ in 0..<Int.random(in: 20...160, using: &random) { world.turn() }
      let seed = world.random.seed
      world.settle()
      (departures, refusals, excused) = (
        departures + world.departures, refusals + world.refusals, excused + world.excused
      )
      guard world.problems.isEmpty else {
        Issue.record("fleet \(fleet) (\(seed)) of \(random): \(world.problems.joined(separator: "\n"))")
        return
      }
    }
    print("\(fleets) fleets: \(departures) departures, \(excused) of them excused, \(refusals) refusals")
    // Else nothing was tried.
    #expect(departures - excused > fleets / 4 && refusals > fleets / 4)
  }
}
