import Testing

@testable import FleetJournal

struct JobIDTests {
  @Test(arguments: [
    ("push-0012", "push-0012"), ("push-12", "push-0012"), ("rollback-7", "rollback-0007"),
    ("push-123456", "push-123456"),
  ])
  func readsWhatPeopleType(_ text: String, _ name: String) {
    #expect(JobID(text)?.description == name)
  }

  @Test(arguments: [
    "", "push", "push-", "-12", "12", "push-0x1", "push-1.5", "Push-12", "push/..-1", "push-+1", "push--1", "push-１",
    "push-99999999999999999999", "abcdefghijklmnopq-1", "push 1-2",
  ])
  func isNothingElse(_ text: String) {
    #expect(JobID(text) == nil)
  }

  @Test func sortsByTheOrderInWhichTheyWereOrdered() {
    let ids = ["push-12", "undo-3", "push-10000"].compactMap { JobID($0) }
    #expect(ids.sorted().map(\.description) == ["undo-0003", "push-0012", "push-10000"])
  }
}
