import FleetCore
import FleetTestSupport
import FoundationEssentials
import Synchronization
import Terminal
import Testing

@testable import FleetConsole

@Suite struct JobListTests {
  @Test func jobsAreReadEverySecondWhileTheyAreLookedAt() {
    let fleet = FleetFixture()
    #expect(fleet.press(.character("J")) == [.readJobs(page: nil)])
    fleet.seconds += 1
    #expect(fleet.send(.tick) == [.readJobs(page: nil)])
    #expect(fleet.send(.tick).isEmpty)
    fleet.press(.escape)
    fleet.seconds += 1
    #expect(fleet.send(.tick) == [.readJobs(page: nil)])
    for _ in 0..<4 {
      fleet.seconds += 1
      #expect(fleet.send(.tick).isEmpty)
    }
    fleet.seconds += 1
    #expect(fleet.send(.tick) == [.readJobs(page: nil)])
  }

  @Test func anOpenJobIsReadWithItsPage() {
    let fleet = FleetFixture.withJobs()
    fleet.press(.character("J"), .down)
    #expect(fleet.press(.enter) == [.readJobs(page: "push-0011")])
    #expect(fleet.screen(100, 30).text.contains("reading ..."))
    let report = JobFixture.undecided()
    let job = JobFixture.job(11, .paused, report: report)
    let other = JobPage(job: JobFixture.job(12, .running), report: JobFixture.running())
    fleet.send(.jobs(JobReading(jobs: JobFixture.list(), page: other)))
    #expect(fleet.state.jobs.page == nil, "the answer to what was asked before is not this job's page")
    fleet.send(.jobs(JobReading(jobs: JobFixture.list(), page: JobPage(job: job, report: report))))
    #expect(fleet.screen(100, 30).text.contains("no data: paused"))
    fleet.press(.escape)
    #expect(fleet.state.interface.page == .jobs)
    fleet.press(.escape)
    #expect(fleet.state.interface.page == .fleet)
  }

  @Test func interruptedJobsAreOfferedAtTheStartAndOnlyThen() {
    let fleet = FleetFixture()
    let jobs = [JobFixture.job(3, .interrupted), JobFixture.job(2, .interrupted), JobFixture.job(1, .succeeded)]
    fleet.send(.jobs(JobReading(jobs: jobs)))
    #expect(fleet.state.interface.overlay == .wish(WishForm(wish: .resume, job: "push-0003", isOffer: true)))
    #expect(fleet.screen(100, 30).text.contains("push-0003 was interrupted, and 1 more"))
    #expect(fleet.press(.enter).isEmpty, "the focus is on leaving it as it is")
    fleet.send(.tick)
    #expect(fleet.press(.right, .enter) == [.askJob(.resume, of: "push-0002")])
    fleet.send(.tick)
    #expect(fleet.state.interface.overlay == nil)
    fleet.send(.jobs(JobReading(jobs: [JobFixture.job(4, .interrupted)] + jobs)))
    #expect(fleet.state.interface.overlay == nil)
    #expect(fleet.state.log.events.last?.text == "push-0004 interrupted (push tag-reader@2 to all, by kim)")
  }

  @Test func whatCannotBeTakenBackIsAskedOnceMore() {
    let fleet = FleetFixture.withJobs()
    fleet.press(.character("J"))
    #expect(fleet.press(.character("p")) == [.askJob(.pause, of: "push-0012")])
    #expect(fleet.press(.character("x")).isEmpty)
    #expect(fleet.state.interface.notice == "push-0012: pause is being asked")
    let answer = fleet.send(.jobAnswered("push-0012", .pause, .success("push-0012: pause was heard")))
    #expect(answer == [.readJobs(page: nil)] && fleet.state.interface.notice == "push-0012: pause was heard")
    #expect(fleet.press(.character("x"), .enter).isEmpty, "the focus is on leaving it as it is")
    #expect(fleet.press(.character("x"), .right, .enter) == [.askJob(.cancel, of: "push-0012")])
    #expect(fleet.press(.down, .down, .character("r")) == [.askJob(.resume, of: "push-0010")])
    #expect(fleet.press(.end, .up, .up, .character("u"), .right, .enter) == [.askJob(.undo, of: "push-0007")])
  }

  @Test(arguments: [
    ("push-0012", "r", "push-0012 is running already"), ("push-0011", "p", "push-0011 is paused already; r resumes"),
    ("push-0010", "p", "push-0010 is interrupted, so there is nothing to pause; r resumes"),
    ("push-0008", "x", "push-0008 has ended already: failed"),
    ("push-0005", "u", "push-0005 has ended already: undone"),
    ("push-0005", "d", "that is for nodes; esc goes back to them"),
  ])
  func whatCannotBeAskedSaysWhy(_ job: String, _ key: String, _ words: String) {
    let fleet = FleetFixture.withJobs()
    fleet.press(.character("J"))
    fleet.state.interface.jobSelection = job
    fleet.type(key)
    #expect(fleet.state.interface.notice == words)
  }

  @Test func aFailedAnswerIsToldAndLogged() {
    let fleet = FleetFixture.withJobs()
    fleet.press(.character("J"), .character("p"))
    fleet.send(.jobAnswered("push-0012", .pause, .failure(CommandError(.timeout, "it did not hear it"))))
    #expect(fleet.state.interface.notice == "it did not hear it")
    #expect(fleet.state.log.events.last?.text == "push-0012: pause: it did not hear it")
  }

  @Test func anOrderedPushOpensItsPage() {
    let fleet = FleetFixture()
    fleet.press(.character("p"), .right, .enter)
    #expect(fleet.state.interface.page == .jobs && fleet.state.jobs.isOrdering)
    let effects = fleet.send(.jobOrdered(.success(OrderedJob(id: "push-0013", superseded: ["push-0012"]))))
    #expect(effects == [.readJobs(page: "push-0013")])
    #expect(fleet.state.interface.page == .job("push-0013"))
    #expect(fleet.state.log.events.last?.text == "push-0012 is superseded by push-0013")
  }

  @Test func aPushThatCannotBeOrderedSaysWhy() {
    let fleet = FleetFixture()
    fleet.press(.character("p"), .right, .enter, .escape, .character("p"))
    #expect(fleet.state.interface.notice == "a push is being recorded as a job")
    fleet.send(.jobOrdered(.failure(CommandError(.noSpace, "the disk is full"))))
    #expect(fleet.state.log.events.last?.text == "no push was begun: the disk is full")
    #expect(!fleet.state.jobs.isOrdering)
  }

  @Test func jobsThatCannotBeReadSaySo() {
    let fleet = FleetFixture.withJobs()
    fleet.press(.character("J"))
    fleet.send(.jobsUnread(CommandError(.timeout, "the disk with the jobs does not answer")))
    fleet.send(.jobsUnread(CommandError(.timeout, "the disk with the jobs does not answer")))
    let told = fleet.state.log.events.filter { $0.text.hasPrefix("the jobs cannot be read: the disk") }
    #expect(told.count == 1, "once")
    let screen = fleet.screen(120, 30).text
    #expect(screen.contains("cannot be read: the disk with the jobs does not answer"))
    #expect(screen.contains("push-0012"), "what was read before stays")
    fleet.send(.jobs(JobReading(jobs: JobFixture.list())))
    #expect(fleet.screen(120, 30).text.contains("read 0s ago") && fleet.state.jobs.problem == nil)
  }

  @Test func changesOfJobsAreToldOnce() {
    let fleet = FleetFixture.withJobs()
    let count = fleet.state.log.events.count
    var jobs = JobFixture.list()
    jobs[0].state = .paused
    jobs[0].reason = "paused by kim"
    fleet.send(.jobs(JobReading(jobs: jobs)))
    fleet.send(.jobs(JobReading(jobs: jobs)))
    #expect(fleet.state.log.events.count == count + 1)
    #expect(fleet.state.log.events.last?.text == "push-0012 paused: paused by kim")
  }

  @Test func aJobsPageFollowsWhatGoesOnUntilSomebodyScrolls() {
    let report = JobFixture.running()
    let fleet = FleetFixture.onJob(JobFixture.job(12, .running, report: report), report)
    fleet.send(.resized(Size(width: 100, height: 24)))
    #expect(fleet.screen(100, 24).text.contains("baking"))
    fleet.press(.end)
    let bottom = fleet.screen(100, 24).text
    #expect(bottom.contains("store-40") && !bottom.contains("▶ baking"))
    fleet.press(.down, .pageDown)
    #expect(fleet.screen(100, 24).text == bottom)
    fleet.press(.home)
    #expect(fleet.screen(100, 24).text.contains("store-01"))
  }

  @Test func everyPhaseAndStateHasAMark() {
    let phases = RolloutNode.Phase.allCases.map { Mark.of($0) }
    #expect(Set(phases.map(\.text)).count == RolloutNode.Phase.allCases.count)
    #expect(Set(ListedJob.State.allCases.map { Mark.of($0).text }).count == ListedJob.State.allCases.count)
  }

  @Test func theFleetsLineTellsOfJobs() {
    let fleet = FleetFixture.withJobs()
    let header = fleet.screen(160, 50).text.prefix { $0 != "\n" }
    #expect(header.contains("▶ 3 jobs") && header.contains("✖ 1 job interrupted"))
  }

  /// A catalog that answers when it is told to.
  private final class SlowCatalog: JobCatalog {
    let asked = Mutex<[String?]>([])
    let isOpen = Mutex(false)

    func read(page: String?) async throws(CommandError) -> JobReading {
      asked.withLock { $0.append(page) }
      while !isOpen.withLock({ $0 }), !Task.isCancelled { try? await Task.sleep(for: .milliseconds(5)) }
      return JobReading(jobs: JobFixture.list())
    }

    func ask(_ wish: JobWish, of job: String) async throws(CommandError) -> String { "" }

    func order(_ push: PushOrder) async throws(CommandError) -> OrderedJob { OrderedJob(id: "push-0001") }
  }

  @Test(.timeLimit(.minutes(1))) func aSlowDiskHoldsUpNoKey() async throws {
    let catalog = SlowCatalog()
    let screen = MemoryScreen(size: Size(width: 100, height: 30))
    let (input, keys) = AsyncStream.makeStream(of: Input.self)
    async let ended = Console(agents: [], jobs: catalog).run(
      definition: FleetDefinition(name: "acme"),
      library: ModelLibrary(),
      operatorName: "kim",
      utcOffset: 0,
      screen: screen,
      input: input
    )
    keys.yield(.key(.character("J")))
    try await eventually("the jobs are asked for") { catalog.asked.withLock { !$0.isEmpty } }
    keys.yield(.key(.character("?")))
    try await eventually("the help is shown") { screen.last?.text.contains("╭─ help") ?? false }
    keys.yield(.key(.escape))
    try await eventually("it says that it reads") { screen.last?.text.contains("reading ...") ?? false }
    catalog.isOpen.withLock { $0 = true }
    try await eventually("the job is listed") { screen.last?.text.contains("push-0012") ?? false }
    keys.yield(.ended)
    _ = await ended
    #expect(screen.isClosed)
  }
}
