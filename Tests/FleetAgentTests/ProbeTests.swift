import FleetCore
import FleetTestSupport
import FoundationEssentials
import Testing

@testable import FleetAgent

/// Each probe against a small tree of files as a real machine shows them.
struct ProbeTests {
  private let unit = ProcessFile.Unit(ticksPerSecond: 100, pageBytes: 4096)

  @Test func processTimesSurviveAnyCommandName() throws {
    let process = try ProcessFile(pid: 42, files: files("intel-box"), unit: unit)
    #expect(process.cpuSeconds == 12.5)
    #expect(process.residentBytes == 2000 * 4096)
  }

  @Test func utilizationIsTheEnginesPartOfAllCores() throws {
    let folder = try TemporaryFolder()
    var probe = EngineProcessProbe(files: SystemFiles(root: folder.path), cores: 4, unit: unit)
    try write(stat(ticks: 100), to: folder, "proc/7/stat")
    #expect(probe.sample(at(0, engine: 7))[.engineUtilization]?.value == nil)
    try write(stat(ticks: 300), to: folder, "proc/7/stat")
    #expect(probe.sample(at(1, engine: 7))[.engineUtilization] == .measured(0.5))
    #expect(probe.sample(at(1.1, engine: 8))[.engineUtilization]?.value == nil, "another engine")
    #expect(probe.sample(at(2))[.engineUtilization] == .absent("the engine is not running"))
  }

  @Test func raplAddsPackagesAndWraps() throws {
    let folder = try TemporaryFolder()
    let zones = "sys/class/powercap"
    for (zone, name) in [("intel-rapl:0", "package-0"), ("intel-rapl:1", "package-1"), ("intel-rapl:2", "psys")] {
      try write(name, to: folder, "\(zones)/\(zone)/name")
      try write("1000000", to: folder, "\(zones)/\(zone)/max_energy_range_uj")
      try write("900000", to: folder, "\(zones)/\(zone)/energy_uj")
    }
    try write("core", to: folder, "\(zones)/intel-rapl:0:0/name")
    var probe = RAPLProbe(files: SystemFiles(root: folder.path))
    #expect(probe.sample(at(0))[.watts]?.value == nil)
    try write("400000", to: folder, "\(zones)/intel-rapl:0/energy_uj")
    try write("1000000", to: folder, "\(zones)/intel-rapl:1/energy_uj")
    let findings = probe.sample(at(0.5))
    #expect(abs((findings[.watts]?.value ?? 0) - 1.2) < 1e-9)
    #expect(abs((findings[.joules]?.value ?? 0) - 0.6) < 1e-9)
  }

  @Test func impossiblePowerIsAbsentAndNotAddedUp() throws {
    let folder = try TemporaryFolder()
    let zone = "sys/class/powercap/intel-rapl:0"
    try write("package-0", to: folder, "\(zone)/name")
    try write("0", to: folder, "\(zone)/energy_uj")
    var probe = RAPLProbe(files: SystemFiles(root: folder.path))
    _ = probe.sample(at(0))
    try write("90000000000", to: folder, "\(zone)/energy_uj")
    let findings = probe.sample(at(1))
    #expect(findings[.watts]?.impossible == "90000.0")
    #expect(findings[.joules] == .measured(0))
  }

  @Test func chipPowerIsIntegrated() {
    var probe = HwmonPowerProbe(files: files("arm-board"))
    _ = probe.sample(at(0))
    let findings = probe.sample(at(10))
    #expect(findings[.watts] == .measured(6.2))
    #expect(findings[.joules] == .measured(62))
  }

  @Test func sensorsAreReadWhereTheKernelShowsThem() {
    let sysfs = "\(Self.fixtures)/arm-board/sys"
    let files = SystemFiles(sysfs: sysfs)
    var probe = HwmonPowerProbe(files: files)
    #expect(probe.sample(at(0))[.watts] == .measured(6.2))
    #expect((try? files.text("/proc/self/stat")) != nil, "all else is the machine's own")
    #expect((try? SystemFiles(root: "\(Self.fixtures)/bare", sysfs: sysfs).text("/proc/self/stat")) == nil)
  }

  @Test func garbageIsAProblemAndNotAZero() {
    var probe = HwmonPowerProbe(files: files("broken-sensors"))
    let findings = probe.sample(at(0))
    #expect(findings[.watts] == .absent("/sys/class/hwmon/hwmon0/power1_input: expected a number, found 'N/A'"))
    #expect(findings.problems == ["/sys/class/hwmon/hwmon0/power1_input: expected a number, found 'N/A'"])
    var hot = HwmonTemperatureProbe(files: files("broken-sensors"))
    #expect(hot.sample(at(0))[.celsius]?.impossible == "4000.0")
  }

  @Test func throttlingIsCountedOncePerCoreAndPackage() throws {
    let folder = try TemporaryFolder()
    func write(_ cpu: Int, core: Int, package: Int, of socket: Int) throws {
      let root = URL(filePath: folder.path("sys/devices/system/cpu/cpu\(cpu)"))
      for name in ["thermal_throttle", "topology"] {
        try FileManager.default.createDirectory(at: root.appending(path: name), withIntermediateDirectories: true)
      }
      let files = [
        ("thermal_throttle/core_throttle_count", core), ("thermal_throttle/package_throttle_count", package),
        ("topology/physical_package_id", socket),
      ]
      for (name, number) in files { try Data("\(number)\n".utf8).write(to: root.appending(path: name)) }
    }
    try write(0, core: 3, package: 10, of: 0)
    try write(1, core: 4, package: 10, of: 0)
    try write(2, core: 0, package: 100, of: 1)
    var probe = ThrottleProbe(files: SystemFiles(root: folder.path))
    #expect(probe.sample(at(0))[.throttles] == .measured(117))
    let counter = folder.path("sys/devices/system/cpu/cpu1/thermal_throttle/core_throttle_count")
    try Data("?".utf8).write(to: URL(filePath: counter))
    let broken = probe.sample(at(1))
    #expect(broken[.throttles]?.value == nil && broken.problems.count == 1, "a part of a sum is no sum")
    var bare = ThrottleProbe(files: files("bare"))
    #expect(
      bare.sample(at(0))[.throttles] == .absent("no counter of throttling") && bare.sample(at(0)).problems.isEmpty
    )
  }

  /// What a whole machine says, as text: one file a fixture tree.
  @Test(arguments: ["intel-box", "arm-board", "broken-sensors", "bare"])
  func wholeMachineReadsAsRecorded(_ machine: String) throws {
    let files = files(machine)
    var probes: [any Probe] = [
      AgentProcessProbe(files: files, pid: 42, unit: unit), RAPLProbe(files: files), HwmonPowerProbe(files: files),
      HwmonTemperatureProbe(files: files), ThermalZoneProbe(files: files), MemoryProbe(files: files),
    ]
    var lines: [String] = []
    for index in probes.indices {
      let findings = probes[index].sample(at(0))
      lines.append(probes[index].name)
      for quantity in ProbedQuantity.allCases {
        if let reading = findings[quantity] { lines.append("  \(quantity): \(reading)") }
      }
      for problem in findings.problems { lines.append("  problem: \(problem)") }
    }
    try expectSnapshot(lines.joined(separator: "\n") + "\n", Self.fixtures + "/\(machine).txt")
  }

  @Test func slowProbeStopsNoOther() async throws {
    let gate = Monitor(false)
    let board = try ProbeBoard([SlowProbe(gate: gate), MemoryProbe(files: files("intel-box"))])
    for second in [0.0, 6] {
      let round = await board.round(at(second))
      #expect(round[.memoryTotalBytes].value != nil)
      #expect(round.reports.map(\.name) == ["slow", "memory"])
      #expect(round.reports[0].error == "has not answered for \(Int(second)) s")
      #expect(round.reports[1].error == nil)
    }
    gate.change { $0 = true }
    try await eventually("the slow probe is back") { await board.round(at(7))[.celsius].value == 40 }
  }

  @Test func estimateFollowsTheUtilizationAndSaysSo() {
    var estimate = PowerEstimate(declared: AgentConfiguration.DeclaredWatts(idle: 2, full: 12))
    #expect(estimate.sample(utilization: .measured(0.5), at: 0).watts == .estimated(7))
    #expect(estimate.sample(utilization: .measured(1), at: 2).joules == .estimated(19))
    let gap = estimate.sample(utilization: .absent("gone"), at: 4)
    #expect(gap.watts.absence == "no estimate without the utilization: gone")
    #expect(estimate.sample(utilization: .measured(0), at: 100).joules == .estimated(19), "a gap is not made up")
    var none = PowerEstimate(declared: nil)
    #expect(
      none.sample(utilization: .measured(0), at: 0).watts
        == .absent("no power sensor, and no --watts-idle/--watts-full declared")
    )
  }

  static let fixtures = Repository.root + "/Tests/FleetAgentTests/Fixtures"

  private func files(_ machine: String) -> SystemFiles { SystemFiles(root: "\(Self.fixtures)/\(machine)") }

  private func at(_ seconds: Double, engine: Int32? = nil) -> ProbeMoment {
    ProbeMoment(seconds: seconds, enginePID: engine)
  }

  private func stat(ticks: Int) -> String {
    "7 (engine) S 1 1 1 0 -1 0 0 0 0 0 \(ticks) 0 0 0 20 0 1 0 100 1000 500 0"
  }

  private func write(_ text: String, to folder: TemporaryFolder, _ path: String) throws {
    let url = URL(filePath: folder.path(path))
    try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data((text + "\n").utf8).write(to: url)
  }
}

private struct SlowProbe: Probe {
  let name = "slow"
  let gate: Monitor<Bool>

  mutating func sample(_ moment: ProbeMoment) -> ProbeFindings {
    _ = gate.wait { $0 ? true : nil }
    var findings = ProbeFindings()
    findings[.celsius] = .measured(40)
    return findings
  }
}
