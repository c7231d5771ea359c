import FleetCore
import FleetWire
import NIOCore
import NIOPosix
import Testing

@testable import FleetServing

/// What the agent's repository and the protocol's repository calls make of what is served.
@Suite struct ModelLoaderTests {
  private static let loop = MultiThreadedEventLoopGroup.singleton.next()

  private static func entry(
    _ number: Int,
    _ versions: ModelOptions.VersionPolicy = .latest,
    folder: String? = nil,
    isActive: Bool = false,
    problem: String? = nil
  ) -> CatalogEntry {
    var options = ModelOptions()
    options.versions = versions
    return CatalogEntry(
      version: ModelVersion(name: "digits", number: number),
      digest: ModelDigest(ofManifest: Array("\(number)".utf8)),
      folder: "/models/\(folder ?? "marker-\(number)")",
      isActive: isActive,
      options: options,
      problem: problem
    )
  }

  /// With `active` served, and all of `entries` known.
  private static func loader(
    _ entries: [CatalogEntry],
    runtime: FakeEngine = FakeEngine(),
    allowsControl: Bool = true
  ) async throws -> ModelLoader {
    let loader = ModelLoader(registry: ModelRegistry(), allowsControl: allowsControl) { runtime }
    loader.know(entries)
    for entry in entries where entry.isActive {
      let activated = loader.inTurn(on: loop) { (try? loader.activate(entry, by: .now + .seconds(10))) != nil }
      #expect(try await activated.get())
    }
    loader.know(entries)
    return loader
  }

  private static func state(_ loader: ModelLoader, _ number: Int) -> RepositoryIndexEntry? {
    loader.index.first { $0.version == number }
  }

  @Test func unloadedStaysSoUntilItIsLoadedAgain() async throws {
    let loader = try await Self.loader([Self.entry(1, isActive: true)])
    let before = try #require(loader.registry.find("digits"))
    before.active.statistics.update { $0.inferences = 7 }
    #expect(try await loader.unload("digits", on: Self.loop).get() == nil)
    #expect(loader.registry.isEmpty && loader.registry.statuses.isEmpty)
    #expect(Self.state(loader, 1)?.state == .unavailable)
    #expect(Self.state(loader, 1)?.reason == "unloaded")
    loader.know([Self.entry(1, isActive: true)])
    #expect(try await loader.unload("digits", on: Self.loop).get() == nil, "a second time is no error")
    #expect(loader.registry.isEmpty, "the agent's news of the repository do not bring it back")
    #expect(try await loader.load("digits", on: Self.loop).get() == nil)
    let after = try #require(loader.registry.find("digits"))
    #expect(Self.state(loader, 1) == RepositoryIndexEntry(name: "digits", version: 1, state: .ready))
    #expect(after.meter === before.meter, "its counters go on")
    #expect(after.active.statistics.current.inferences == 7)
    #expect(after.active !== before.active)
    loader.stop()
  }

  @Test func loadingWhatIsServedSwapsItForAFreshOne() async throws {
    let loader = try await Self.loader([Self.entry(1, isActive: true)])
    let before = loader.registry.find("digits")?.active
    #expect(try await loader.load("digits", on: Self.loop).get() == nil)
    #expect(loader.registry.find("digits")?.active !== before)
    loader.stop()
  }

  /// For a machine that has no memory for two.
  @Test func freeingWaitsForRequestsOnTheVersion() async throws {
    let loader = try await Self.loader([Self.entry(1, isActive: true)])
    var inFlight = loader.registry.find("digits")?.active
    let late = loader.inTurn(on: Self.loop) {
      do throws(EngineError) {
        try loader.free("digits", by: .now + .milliseconds(20))
        return ""
      } catch {
        return error.message
      }
    }
    #expect(try await late.get() == "requests on the version before did not finish in time")
    #expect(loader.registry.isEmpty, "it takes no new ones")
    _ = inFlight
    inFlight = nil
    let freed = loader.inTurn(on: Self.loop) { (try? loader.free("digits", by: .now + .seconds(10))) != nil }
    #expect(try await freed.get())
    loader.stop()
  }

  @Test func onlyWhatTheRepositoryHoldsCanBeLoaded() async throws {
    let loader = try await Self.loader([Self.entry(1, isActive: true)])
    let unknown = try await loader.load("digit", on: Self.loop).get()
    #expect(unknown?.kind == .notFound)
    #expect(unknown?.message == "no model 'digit' is in this node's repository; did you mean 'digits'?")
    #expect(try await loader.unload("other", on: Self.loop).get()?.kind == .notFound)
    loader.stop()
    let failed = try await Self.loader([Self.entry(2, problem: "it ended the engine 3 times")])
    #expect(try await failed.load("digits", on: Self.loop).get()?.kind == .unavailable, "none is active")
    failed.know([Self.entry(2, isActive: true, problem: "it ended the engine 3 times")])
    #expect(try await failed.load("digits", on: Self.loop).get()?.message.contains("3 times") == true)
    failed.stop()
  }

  @Test func clientsThatMayNotAreToldSo() async throws {
    let loader = try await Self.loader([Self.entry(1, isActive: true)], allowsControl: false)
    #expect(try await loader.unload("digits", on: Self.loop).get()?.kind == .unsupported)
    #expect(try await loader.load("digits", on: Self.loop).get()?.kind == .unsupported)
    #expect(Self.state(loader, 1)?.state == .ready)
    loader.stop()
  }

  @Test func callsQueueUpToABound() async throws {
    let runtime = FakeEngine()
    let loader = try await Self.loader([Self.entry(1, isActive: true)], runtime: runtime)
    runtime.loading.close()
    let arrivals = runtime.loading.arrivals
    let calls = (0..<20).map { _ in loader.load("digits", on: Self.loop) }
    for call in calls[16...] { #expect(try await call.get()?.kind == .unavailable) }
    try await eventually("the first loads") { runtime.loading.arrivals == arrivals + 1 }
    #expect(loader.registry.find("digits") != nil, "served while it is loaded anew")
    runtime.loading.open()
    for call in calls[..<16] { #expect(try await call.get() == nil) }
    #expect(runtime.loading.arrivals == arrivals + 16, "one after the other")
    loader.stop()
  }

  @Test func policyAllServesEveryVersionByItsNumber() async throws {
    let entries = [
      Self.entry(1, .all), Self.entry(2, .all, isActive: true), Self.entry(3, .all, folder: "broken"),
      Self.entry(4, .all, problem: "it ended the engine 3 times"),
    ]
    let loader = try await Self.loader(entries)
    try await eventually("version 1 answers, 3 does not load") {
      loader.registry.find("digits", version: 1) != nil && Self.state(loader, 3)?.reason.isEmpty == false
    }
    #expect(loader.registry.find("digits")?.active.version.number == 2)
    #expect(loader.registry.versions(of: "digits").map(\.version.number) == [1, 2])
    #expect(Self.state(loader, 3)?.reason.contains("not a model") == true)
    #expect(Self.state(loader, 4)?.reason == "it ended the engine 3 times")
    // The repository has dropped version 1.
    loader.know(Array(entries[1...2]))
    try await eventually("version 1 is gone") { loader.registry.find("digits", version: 1) == nil }
    #expect(loader.registry.find("digits", version: 2) != nil)
    loader.stop()
  }

  @Test func listedVersionsStayWhenAnotherBecomesActive() async throws {
    let versions = ModelOptions.VersionPolicy.listed([1])
    let loader = try await Self.loader([Self.entry(1, versions, isActive: true), Self.entry(2, versions)])
    let active = Self.entry(2, versions, isActive: true)
    let next = Self.entry(3, versions, isActive: true)
    for entry in [active, next] {
      _ = try await loader.inTurn(on: Self.loop) { try? loader.activate(entry, by: .now + .seconds(10)) }.get()
    }
    #expect(loader.registry.versions(of: "digits").map(\.version.number) == [1, 3], "2 is not listed")
    loader.stop()
  }

  @Test func versionsAnswerClientsThatNameThem() async throws {
    let engine = try await TestEngine.start(model: nil)
    let (first, second) = (Self.entry(1, .all), Self.entry(2, .all, isActive: true))
    _ = try await engine.call(
      .activate(second.version, digest: second.digest, folder: second.folder, options: second.options)
    )
    #expect(try await engine.call(.catalog([first, second])) == .done)
    let client = try TestClient(engine.port)
    try await eventually("version 1 is ready") {
      try await client.get("/v2/models/digits/versions/1/ready").status == 200
    }
    for (path, marker) in [("/versions/1", 1.0), ("/versions/2", 2.0), ("", 2.0)] {
      let answer = try await client.infer(Bodies.json(), path: "/v2/models/digits\(path)/infer")
      #expect(answer.status == 200 && answer.marker == marker, "\(path): \(answer.text)")
    }
    let metadata = try await client.get("/v2/models/digits")
    #expect(metadata.json["versions"] as? [String] == ["1", "2"])
    let unknown = try await client.get("/v2/models/digits/versions/01")
    #expect(unknown.status == 404)
    #expect(unknown.text.contains("versions '1', '2' are"), "\(unknown.text)")
    guard case .report(let report) = try await engine.call(.report) else { throw TestFailure("no report") }
    #expect(report.models.map(\.version) == [2], "one status a model")
    #expect(report.versions.map(\.version.number) == [1, 2])
    #expect(report.versions.map(\.isActive) == [false, true])
    await engine.stop()
  }
}
