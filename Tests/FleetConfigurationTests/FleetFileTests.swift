import FleetConfiguration
import FleetCore
import Foundation
import Testing

struct FleetFileTests {
  private static let tests = URL(filePath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
    .deletingLastPathComponent()

  @Test func theShippedFileIsTheDemosFleet() throws {
    let file = Self.tests.deletingLastPathComponent().appending(path: "fleet.yaml")
    let fleet = try FleetFile.read(path: file.path)
    #expect(fleet.name == "acme")
    #expect(fleet.slo == ServiceLevel(p99: .milliseconds(50), errors: 0.01, celsius: 85))
    #expect(fleet.energy == Energy(pricePerKilowattHour: 0.3, currency: "EUR"))
    let nodes = fleet.nodes.map { "\($0.name) \($0.address)" }
    #expect(
      nodes == [
        "austin-01/a 127.0.0.1:9101", "austin-01/b 127.0.0.1:9102", "denver-02/a 127.0.0.1:9103",
        "denver-02/b 127.0.0.1:9104", "miami-03/a 127.0.0.1:9105", "miami-03/b 127.0.0.1:9106",
      ]
    )
    #expect(fleet.nodes.first?.labels == ["region": "south", "tier": "canary"])
    #expect(fleet.models.map(\.name) == ["tag-reader"])
    #expect(fleet.strategies.map(\.name) == ["careful", "nightly"])
    #expect(fleet.stores.map(\.timezone) == ["America/Chicago", "America/Denver", "America/New_York"])
    #expect(fleet.models.first?.desired?.number == 1 && !fleet.isSimulated)
    let path = try #require(fleet.models.first?.path)
    #expect(FileManager.default.fileExists(atPath: path + "/1/manifest.json"), "relative to the file, not the process")
  }

  @Test func whatMayBeLeftOutHasDefaults() throws {
    let text = """
      version: 1
      fleet: f
      stores: [{name: s, nodes: [{name: a, address: "h:1"}]}]
      """
    let node = FleetDefinition.Node(name: NodeName(store: "s", node: "a"), address: "h:1")
    let expected = FleetDefinition(name: "f", stores: [FleetDefinition.Store(name: "s", nodes: [node])])
    #expect(try FleetFile.parse(text: text, file: "fleet.yaml") == expected)
    #expect(try FleetFile.parse(text: "\u{feff}" + text.replacing("\n", with: "\r\n"), file: "fleet.yaml") == expected)
  }

  @Test func healthSaysHowStrictTheRulesAre() throws {
    let text = """
      version: 1
      fleet: f
      health: {latency_of_siblings: 4x, disk: 2GB, energy: off, clock: on, minimum_requests: 50}
      stores: [{name: s, nodes: [{name: a, address: "h:1"}]}]
      """
    let health = try FleetFile.parse(text: text, file: "fleet.yaml").health
    #expect(health.text == "latency_of_siblings=4.0x energy=off disk=2GB minimum_requests=50")
  }

  @Test func aNodesLabelsLieOverItsStores() throws {
    let text = """
      version: 1
      fleet: f
      stores:
        - name: s
          labels: {region: south, tier: canary}
          nodes: [{name: a, address: "h:1", labels: {tier: spare, rack: 2}}]
      """
    let fleet = try FleetFile.parse(text: text, file: "fleet.yaml")
    #expect(fleet.nodes.first?.labels == ["region": "south", "tier": "spare", "rack": "2"])
    #expect(fleet.stores.first?.labels == ["region": "south", "tier": "canary"])
  }

  @Test func aStoresTimeZoneGoesBeforeTheFleets() throws {
    let text = """
      version: 1
      fleet: f
      timezone: Europe/Berlin
      stores:
        - {name: s, nodes: [{name: a, address: "h:1"}]}
        - {name: t, timezone: UTC, nodes: [{name: a, address: "h:2"}]}
      """
    let fleet = try FleetFile.parse(text: text, file: "fleet.yaml")
    #expect(fleet.stores.map(\.timezone) == ["Europe/Berlin", "UTC"])
  }

  @Test func pathsOfModelsAreTakenFromTheFilesFolder() throws {
    let text = """
      version: 1
      fleet: f
      models: [{name: m, path: models/m}, {name: n, path: /srv/n}]
      stores: [{name: s, nodes: [{name: a, address: "h:1"}]}]
      """
    let fleet = try FleetFile.parse(text: text, file: "fleet.yaml", folder: "/etc/our fleet")
    #expect(fleet.models.map(\.path) == ["/etc/our fleet/models/m", "/srv/n"])
  }

  @Test func strategiesHaveTheirDefaults() throws {
    let text = """
      version: 1
      fleet: f
      strategies:
        - name: careful
          waves: 1,10%,100%
          bake: 2m
          gate: p99 < 50ms and errors < 0.5% and j_per_inf < 1.15 * before and accuracy >= 97%
          abort: failed >= 3 and failed >= 10%
          minimum_samples: 500
          step_timeout: 1h
          return_timeout: 0s
          undecided_timeout: 4h
          stores_at_once: 20
        - {name: plain}
        - {name: nightly, window: 22:00-5:00, limit: 1MB/s, store_limit: 2MB/s, fleet_limit: 100MB/s}
      stores: [{name: s, nodes: [{name: a, address: "h:1"}]}]
      """
    let fleet = try FleetFile.parse(text: text, file: "fleet.yaml")
    let careful = try fleet.strategy(named: "careful")
    #expect(careful.waves.description == "1,10%,100%" && careful.bake == .seconds(120))
    #expect(careful.gate.conditions.count == 4 && careful.abort.description == "failed >= 3 and failed >= 10%")
    #expect(careful.minimumSamples == 500 && careful.storesAtOnce == 20)
    #expect(careful.stepTimeout == .seconds(3600) && careful.undecidedTimeout == .seconds(14400))
    #expect(careful.returnTimeout == .zero)
    #expect(try fleet.strategy(named: "plain") == RolloutStrategy(name: "plain"))
    let nightly = try fleet.strategy(named: "nightly")
    #expect(nightly.window == TimeWindow(start: 22 * 60, end: 5 * 60) && nightly.nodeLimit?.description == "1MB/s")
    #expect(nightly.storeLimit?.description == "2MB/s" && nightly.fleetLimit?.description == "100MB/s")
    #expect(try fleet.strategy() == RolloutStrategy(), "default is there without being written")
    #expect(throws: CommandError(.notFound, "no strategy 'carefull' in fleet.yaml; did you mean 'careful'?")) {
      try fleet.strategy(named: "carefull")
    }
  }

  @Test func namesALabelAndAmpersandsAreNoAlias() throws {
    let text = """
      version: 1
      fleet: f
      stores: [{name: s, labels: {dept: R&D, motto: 5 * 3, glob: "*"}, nodes: [{name: a, address: "h:1"}]}]
      """
    let fleet = try FleetFile.parse(text: text, file: "fleet.yaml")
    #expect(fleet.stores.first?.labels == ["dept": "R&D", "motto": "5 * 3", "glob": "*"])
  }

  @Test func aFileThatIsNotThereSaysSo() {
    expect(path: "/nowhere/fleet.yaml", "/nowhere/fleet.yaml: no such file")
    expect(path: "/", "/: is a folder, not a file")
  }

  @Test func aLongFileIsNotRead() throws {
    let problem = "more than the 4 MiB that are read of a file"
    let long = "# " + String(repeating: "x", count: 5 << 20)
    let error = #expect(throws: ConfigurationError.self) { _ = try FleetFile.parse(text: long, file: "fleet.yaml") }
    #expect(error?.description == "fleet.yaml: \(problem)")
    let folder = FileManager.default.temporaryDirectory.appending(path: "fleet-\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.appending(path: "fleet.yaml").path
    try Data(long.utf8).write(to: URL(filePath: path))
    expect(path: path, "\(path): \(problem)")
    expect(path: "/dev/zero", "/dev/zero: \(problem)")
  }

  @Test(.timeLimit(.minutes(1))) func manyProblemsAreFoundInGoodTime() {
    let count = 10_000
    let text = "version: 1\nfleet: f\nstores: []\n" + (0..<count).map { "k\($0): 1\n" }.joined()
    let error = #expect(throws: ConfigurationError.self) { _ = try FleetFile.parse(text: text, file: "fleet.yaml") }
    #expect(error?.problems.count == count + 1)
    #expect(error?.problems.map(\.line) == Array(3...count + 3), "in the file's order")
  }

  private func expect(path: String, _ message: String, sourceLocation: SourceLocation = #_sourceLocation) {
    let error = #expect(throws: ConfigurationError.self, sourceLocation: sourceLocation) {
      _ = try FleetFile.read(path: path)
    }
    #expect(error?.description == message, sourceLocation: sourceLocation)
  }
}
