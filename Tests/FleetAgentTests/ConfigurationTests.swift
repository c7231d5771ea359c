import FleetCore
import FleetTestSupport
import FoundationEssentials
import Testing

@testable import FleetAgent

struct ConfigurationTests {
  private static let required: [Setting: [String]] = [
    .node: ["austin-01/a"], .state: ["s"], .control: ["h:1"], .http: ["h:2"], .authority: ["a"], .certificate: ["c"],
    .key: ["k"],
  ]

  /// Files that are wrong, each with all the words it must produce.
  @Test(arguments: [
    "unknown-keys", "wrong-values", "not-json", "not-a-table", "siblings", "serving",
  ])
  func wrongFileNamesEveryProblem(_ name: String) throws {
    let path = "\(ProbeTests.fixtures)/configurations/\(name)"
    let json = try #require(FileManager.default.contents(atPath: "\(path).json"))
    let words = String(decoding: try #require(FileManager.default.contents(atPath: "\(path).txt")), as: UTF8.self)
    let error = #expect(throws: ConfigurationError.self) {
      try AgentConfiguration(
        flags: SettingValues(),
        environment: SettingValues(),
        file: SettingValues(json: json, name: "agent.json")
      )
    }
    let expected = words.split(separator: "\n").map(String.init)
    // A file that cannot be read at all leaves everything missing; the cause comes first.
    #expect(Array((error?.problems ?? []).prefix(expected.count)) == expected)
    if name != "not-json", name != "not-a-table" { #expect(error?.problems.count == expected.count) }
  }

  @Test func healthIsATableOrOneText() throws {
    for json in [
      #"{"health": {"latency_of_siblings": "4x", "energy": "off"}}"#,
      #"{"health": "latency_of_siblings=4x energy=off"}"#,
    ] {
      let configuration = try AgentConfiguration(
        flags: SettingValues(flags: Self.required),
        environment: SettingValues(),
        file: SettingValues(json: Data(json.utf8), name: "f")
      )
      #expect(configuration.health.timesSiblings == 4 && configuration.health.off == [.energy])
    }
    var flags = Self.required
    flags[.health] = ["temprature=off"]
    let error = #expect(throws: ConfigurationError.self) {
      try AgentConfiguration(flags: SettingValues(flags: flags), environment: SettingValues(), file: nil)
    }
    #expect(error?.problems == ["--health: unknown key 'temprature'; did you mean 'temperature'?"])
  }

  @Test func flagsComeBeforeTheEnvironmentBeforeTheFile() throws {
    let file = SettingValues(
      json: Data(#"{"http": "file:1", "control": "file:2", "device": "GPU", "library_path": ["/x", "/y"]}"#.utf8),
      name: "f"
    )
    var flags = Self.required
    flags[.http] = ["flag:1"]
    flags[.control] = []
    let configuration = try AgentConfiguration(
      flags: SettingValues(flags: flags),
      environment: SettingValues(environment: [
        "FLEET_HTTP": "env:1", "FLEET_CONTROL": "env:2", "FLEET_SIBLINGS": "austin-01/b=h:1,austin-01/c=[::1]:2",
        "FLEET_SYSFS": "/host/sys",
      ]),
      file: file
    )
    #expect(configuration.http.description == "flag:1")
    #expect(configuration.control.description == "env:2")
    #expect(configuration.device == "GPU")
    #expect(configuration.librarySearchPath == ["/x", "/y"])
    #expect(configuration.sysfs == "/host/sys")
    #expect(configuration.siblings.map(\.http.description) == ["h:1", "[::1]:2"])
  }

  @Test func portsFollowThatOfHTTPUnlessToldOtherwise() throws {
    func read(_ more: [Setting: [String]]) throws -> AgentConfiguration {
      let flags = Self.required.merging(more) { $1 }
      return try AgentConfiguration(
        flags: SettingValues(flags: flags),
        environment: SettingValues(environment: [:]),
        file: nil
      )
    }
    let usual = try read([.http: ["10.0.0.1:8000"]])
    #expect(usual.grpc?.description == "10.0.0.1:8001")
    #expect(usual.metrics?.description == "10.0.0.1:8002")
    let any = try read([.http: ["[::1]:0"], .metrics: ["127.0.0.1:9"]])
    #expect(any.grpc?.description == "[::1]:0")
    #expect(any.metrics?.description == "127.0.0.1:9")
    let none = try read([.grpc: ["none"], .metrics: ["none"]])
    #expect(none.grpc == nil && none.metrics == nil)
    #expect(try read([.http: ["h:65535"]]).grpc == nil)
  }

  @Test func modelsAndLimitsAreReadFromEverySource() throws {
    let configuration = try AgentConfiguration(
      flags: SettingValues(flags: Self.required.merging([.limits: ["body=1MB stall=5s"]]) { $1 }),
      environment: SettingValues(environment: [
        "FLEET_MODELS": "a queue=3;b batch=8 versions=1,3", "FLEET_KEEP_VERSIONS": "0", "FLEET_PROBATION": "5m",
      ]),
      file: SettingValues(json: Data(#"{"models": {"c": "wait=1s"}, "model_control": "none"}"#.utf8), name: "f")
    )
    #expect(configuration.models.keys.sorted() == ["a", "b"])
    #expect(configuration.models["b"]?.versions == .listed([1, 3]))
    #expect(configuration.limits.bodyBytes == 1 << 20)
    #expect(configuration.modelControl == .none)
    #expect(configuration.keptVersions == 0)
    #expect(configuration.probation == .seconds(300))
    let arguments = EngineArguments(configuration: configuration, agentStarted: 0).list
    let limits = try #require(arguments.firstIndex(of: "--limits"))
    #expect(try ServingLimits(parsing: arguments[limits + 1]) == configuration.limits)
    let key = try #require(arguments.firstIndex(of: "--key"))
    #expect(arguments[key + 1] == configuration.key && arguments.contains(configuration.certificate))
  }

  @Test func trustedKeysAreReadFromEverySource() throws {
    func read(flags: [Setting: [String]] = [:], environment: [String: String] = [:], file: String) throws -> [String] {
      try AgentConfiguration(
        flags: SettingValues(flags: Self.required.merging(flags) { $1 }),
        environment: SettingValues(environment: environment),
        file: SettingValues(json: Data(file.utf8), name: "agent.json")
      ).trustedKeys
    }
    let file = #"{"trusted_keys": ["a.pub", "b.pub"]}"#
    #expect(try read(file: "{}") == [])
    #expect(try read(file: file) == ["a.pub", "b.pub"])
    #expect(try read(environment: ["FLEET_TRUSTED_KEYS": "/c.pub:/d.pub"], file: file) == ["/c.pub", "/d.pub"])
    #expect(try read(flags: [.trustedKeys: ["e.pub", "f.pub"]], file: file) == ["e.pub", "f.pub"])
    let error = #expect(throws: ConfigurationError.self) { try read(file: #"{"trusted_keys": "a.pub"}"#) }
    #expect(error?.problems == ["agent.json: trusted_keys: expected a list of files, found 'a.pub'"])
  }

  @Test func everySettingHasItsThreeNames() {
    #expect(Setting.sloP99.flag == "--slo-p99")
    #expect(Setting.sloP99.variable == "FLEET_SLO_P99")
    #expect(Setting.sloP99.otherNames == "[FLEET_SLO_P99; slo.p99]")
    #expect(Set(Setting.allCases.map(\.variable)).count == Setting.allCases.count)
    #expect(Set(Setting.allCases.map(\.filePath)).count == Setting.allCases.count)
  }

  @Test func missingFileIsToldOf() {
    #expect(SettingValues(file: "/nowhere/f.json").problems == ["--config: cannot read '/nowhere/f.json'"])
  }
}
