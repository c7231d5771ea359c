import FleetCore
import FleetTestSupport
import Foundation
import GRDB
import Testing

@testable import FleetJournal

struct AlertStoreTests {
  private let jobs: TestJobs

  init() throws { jobs = try TestJobs() }

  private func alert(_ number: Int, isOpen: Bool = true, changed: Double = 1_800_000_000, _ body: String = "{}")
    -> StoredAlert
  {
    let date = Date(timeIntervalSince1970: changed)
    return StoredAlert(number: number, isOpen: isOpen, changed: date, revision: 1, body: Data(body.utf8))
  }

  private func change(_ body: (inout StoredAlerts) -> Void) throws {
    try jobs.store.changeAlerts(of: TestJobs.fleet, changedSince: .distantPast, body)
  }

  @Test func alertsOutliveTheProcessAndAreTheFleetsOwn() throws {
    try change {
      #expect($0 == StoredAlerts())
      $0 = StoredAlerts(alerts: [alert(1), alert(2, isOpen: false)], next: 3)
    }
    let other = try jobs.reopened()
    #expect(try other.alerts(of: TestJobs.fleet).map(\.number) == [2, 1])
    #expect(try other.alerts(of: TestJobs.fleet, limit: 0).map(\.number) == [1], "open ones are always among them")
    #expect(try other.alerts(of: JobFleet(name: "acme", file: "/srv/other/fleet.yaml")).isEmpty)
    try change { #expect($0.next == 3) }
  }

  @Test func aChangeThatThrowsChangesNothing() throws {
    try change { $0 = StoredAlerts(alerts: [alert(1)], next: 2) }
    expectError(.conflict, "no") {
      try jobs.store.changeAlerts(of: TestJobs.fleet, changedSince: .distantPast) { alerts in
        alerts.alerts[0].body = Data("changed".utf8)
        throw CommandError(.conflict, "no")
      }
    }
    #expect(try jobs.store.alerts(of: TestJobs.fleet).map(\.body) == [Data("{}".utf8)])
  }

  @Test func oldOnesAreReadOnlyWhenAskedFor() throws {
    try change {
      $0 = StoredAlerts(
        alerts: [alert(1, isOpen: false), alert(2), alert(3, isOpen: false, changed: 1_800_000_500)],
        next: 4
      )
    }
    try jobs.store.changeAlerts(of: TestJobs.fleet, changedSince: Date(timeIntervalSince1970: 1_800_000_400)) {
      #expect($0.alerts.map(\.number) == [2, 3])
    }
    #expect(try jobs.store.alerts(of: TestJobs.fleet).count == 3, "what was not read stays")
  }

  @Test func whatWasToldIsNotToldAgain() throws {
    try change { $0 = StoredAlerts(alerts: [alert(1), alert(2)], next: 3) }
    #expect(try jobs.store.untoldAlerts(of: TestJobs.fleet, limit: 9).map(\.number) == [1, 2])
    #expect(try jobs.store.untoldAlerts(of: TestJobs.fleet, limit: 1).map(\.number) == [1])
    try jobs.store.tellAlert(1, revision: 1, of: TestJobs.fleet)
    #expect(try jobs.reopened().untoldAlerts(of: TestJobs.fleet, limit: 9).map(\.number) == [2])
    try change {
      $0.alerts[0].revision = 2
      $0.alerts[0].body = Data("{\"worse\":true}".utf8)
    }
    #expect(try jobs.store.untoldAlerts(of: TestJobs.fleet, limit: 9).map(\.number) == [1, 2])
    try jobs.store.tellAlert(1, revision: 1, of: TestJobs.fleet)
    #expect(try jobs.store.untoldAlerts(of: TestJobs.fleet, limit: 9).count == 2, "that was what it had been")
  }

  @Test func oldHistoryIsDroppedAndOpenAlertsAreNot() throws {
    try change {
      $0.alerts = (1...1200).map { alert($0, isOpen: $0 <= 2, changed: 1_800_000_000 + Double($0)) }
      $0.next = 1201
    }
    let kept = try jobs.store.alerts(of: TestJobs.fleet, limit: 5000).map(\.number)
    #expect(kept.count == 1002 && kept.suffix(2) == [2, 1] && kept.first == 1200)
    jobs.pass(91 * 86_400)
    try change { $0.next += 1 }
    #expect(try jobs.store.alerts(of: TestJobs.fleet, limit: 5000).map(\.number) == [2, 1])
  }

  @Test func ofManyThatSeeTheSameOneRaisesIt() async throws {
    let folder = jobs.store.folder
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<8 {
        group.addTask {
          let store = try JobStore.open(folder: folder)
          try store.changeAlerts(of: TestJobs.fleet, changedSince: .distantPast) { alerts in
            guard alerts.alerts.isEmpty else { return }
            alerts.alerts = [
              StoredAlert(number: alerts.next, isOpen: true, changed: .now, revision: 1, body: Data("{}".utf8))
            ]
            alerts.next += 1
          }
        }
      }
      try await group.waitForAll()
    }
    #expect(try jobs.store.alerts(of: TestJobs.fleet).count == 1)
  }

  @Test func oneWatchAtATime() throws {
    let lock = try #require(try jobs.store.takeAlertWatch(of: TestJobs.fleet))
    #expect(try jobs.store.takeAlertWatch(of: TestJobs.fleet) == nil)
    #expect(jobs.store.alertWatcher(of: TestJobs.fleet)?.pid == getpid())
    #expect(try jobs.store.takeAlertWatch(of: JobFleet(name: "other", file: "/srv/acme/fleet.yaml")) != nil)
    lock.release()
    #expect(jobs.store.alertWatcher(of: TestJobs.fleet) == nil)
  }

  /// A file of a `fleet` that knew no alerts.
  @Test func jobsOfBeforeGetTheTable() throws {
    let id = try jobs.create()
    try jobs.store.database.write { db in
      try db.execute(
        sql: """
          DROP TABLE alert; DROP TABLE alert_number; DELETE FROM grdb_migrations WHERE identifier = '2 alerts';
          PRAGMA user_version = 1;
          """
      )
    }
    let store = try jobs.reopened()
    #expect(try store.job(id).id == id && store.alerts(of: TestJobs.fleet).isEmpty)
    try store.changeAlerts(of: TestJobs.fleet, changedSince: .distantPast) {
      $0 = StoredAlerts(alerts: [alert(1)], next: 2)
    }
    #expect(try store.alerts(of: TestJobs.fleet).count == 1)
  }
}
