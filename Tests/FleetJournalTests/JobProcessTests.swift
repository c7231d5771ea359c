import FleetCore
import FleetTestSupport
import Foundation
import Testing

@testable import FleetJournal

/// Real processes: they are started, asked, stopped and killed as operators, terminals and machines do it.
@Suite(.serialized) struct JobProcessTests {
  @Test func outlivesItsTerminalAndWhoStartedIt() async throws {
    let fleet = try TestFleet()
    // `script` gives it a terminal of its own, which goes away with it, and the shell stays in it until then; also when whoever runs the
    // tests does not care for hang-ups.
    let terminal = Process()
    terminal.executableURL = URL(filePath: "/usr/bin/env")
    let program = TestFleet.program.path(percentEncoded: false)
    let command = "'\(program)' job rehearse --steps 100000 --pace 5ms --fleet '\(fleet.file)'; sleep 600"
    terminal.arguments = [
      "--default-signal=HUP", "script", "--quiet", "--return", "--command", command, "/dev/null",
    ]
    terminal.environment = ProcessInfo.processInfo.environment.merging(["FLEET_STATE": fleet.store.folder]) { $1 }
    terminal.standardInput = Pipe()
    terminal.standardOutput = FileHandle.nullDevice
    try terminal.run()
    let id = JobID(kind: "rehearsal", number: 1)
    let pid = try await fleet.owner(id)
    let fields = try stat(pid)
    #expect(fields.session == pid, "it leads a session of its own")
    #expect(fields.terminal == 0, "which has no terminal")
    let files = try FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/fd").compactMap { descriptor in
      try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(pid)/fd/\(descriptor)")
    }
    #expect(!files.contains { $0.hasPrefix("/dev/p") }, "it holds nobody's terminal: \(files)")
    #expect(FileManager.default.contents(atPath: "/proc/\(pid)/environ") != nil)

    kill(terminal.processIdentifier, SIGKILL)
    terminal.waitUntilExit()
    kill(pid, SIGHUP)
    let steps = try fleet.steps(id)
    try await soon("it goes on") { try fleet.steps(id) > steps + 20 }
    #expect(fleet.store.owner(of: id)?.pid == pid)
    #expect(try await fleet.fleet("jobs", "cancel", "\(id)").status == 0)
    try await soon("it ends") { try fleet.store.job(id).state == .cancelled }
  }

  @Test func toldToEndItIsInterruptedAndGoesOnLater() async throws {
    let fleet = try TestFleet()
    let id = try await fleet.rehearse("--steps", "150", "--pace", "5ms")
    try await soon("it counts") { try fleet.steps(id) > 5 }
    kill(try await fleet.owner(id), SIGTERM)
    try await soon("it ends") { !fleet.store.isDriven(id) }
    let job = try fleet.store.job(id)
    #expect(job.state == .interrupted && job.reason == "its process was told to end")
    let before = try fleet.steps(id)
    let resumed = try await fleet.fleet("jobs", "resume", "1")
    #expect(
      resumed.status == 0 && resumed.output.hasPrefix("\(id) goes on; 'fleet jobs watch \(id) --fleet "),
      "\(resumed)"
    )
    let watched = try await fleet.fleet("jobs", "watch", "\(id)")
    #expect(watched.status == 0, "\(watched)")
    #expect(watched.output.hasSuffix("\(id) succeeded, 150 of 150 steps: 150 steps\n"), "\(watched)")
    #expect(try fleet.steps(id) == 150)
    let report = try #require(try fleet.store.report(of: id))
    let began = try #require(JSONSerialization.jsonObject(with: report) as? [String: Int])["began"]
    #expect(began == before, "it went on where it was")
    let log = try await fleet.fleet("jobs", "log", "\(id)")
    #expect(log.output.contains("\(id): stopping: its process was told to end"), "\(log)")
  }

  @Test func ofTwoProcessesOneWins() async throws {
    let fleet = try TestFleet()
    let id = try await fleet.rehearse("--steps", "100000", "--pace", "5ms")
    kill(try await fleet.owner(id), SIGKILL)
    for round in 1...8 {
      try await soon("nobody drives it") { try fleet.store.job(id).state == .interrupted }
      let racers = try (0..<3).map { try fleet.drive(id, output: "racer-\(round)-\($0)") }
      try await soon("all but one give up") { racers.count { $0.isRunning } == 1 }
      let winner = try #require(racers.first { $0.isRunning })
      #expect(try await fleet.owner(id) == winner.processIdentifier)
      for (index, racer) in racers.enumerated() where racer !== winner {
        #expect(racer.terminationStatus == 1)
        let words = try fleet.text("racer-\(round)-\(index).err")
        #expect(words.contains("\(id) is driven by another process"), "\(words)")
      }
      kill(winner.processIdentifier, SIGKILL)
      winner.waitUntilExit()
    }
    let sequences = try fleet.store.events(of: id).map(\.sequence)
    #expect(sequences == Array(1...max(1, sequences.count)))
  }

  @Test func doesWhatItIsAsked() async throws {
    let fleet = try TestFleet()
    let id = try await fleet.rehearse("--steps", "100000", "--pace", "5ms")
    let paused = try await fleet.fleet("jobs", "pause", "\(id)")
    #expect(paused.status == 0 && paused.output.hasPrefix("\(id): pause was heard;"), "\(paused)")
    try await soon("it is paused") { try fleet.store.job(id).state == .paused }
    let steps = try fleet.steps(id)
    _ = try await fleet.fleet("jobs", "resume", "\(id)")
    try await soon("it goes on") { try fleet.steps(id) > steps }
    // Killed in its pause it is paused again, and cancelled without going on.
    _ = try await fleet.fleet("jobs", "pause", "\(id)")
    kill(try await fleet.owner(id), SIGKILL)
    try await soon("it is interrupted") { try fleet.store.job(id).state == .interrupted }
    let refused = try await fleet.fleet("jobs", "pause", "\(id)")
    #expect(
      refused.status == 1 && refused.errors.contains("is interrupted, so there is nothing to pause"),
      "\(refused)"
    )
    let cancelled = try await fleet.fleet("jobs", "cancel", "\(id)")
    #expect(cancelled.status == 0, "\(cancelled)")
    #expect(try await fleet.fleet("jobs", "watch", "\(id)").status == 1)
    #expect(try fleet.store.job(id).state == .cancelled)
    let again = try await fleet.fleet("jobs", "cancel", "\(id)")
    #expect(again.status == 1 && again.errors.contains("\(id) has ended already: cancelled"), "\(again)")
    let undone = try await fleet.fleet("jobs", "undo", "\(id)")
    #expect(undone.status == 0 && undone.output.hasPrefix("\(id): undo has begun;"), "\(undone)")
    try await soon("it is undone") { try fleet.store.job(id).state == .undone }
  }

  @Test func newerJobTakesTheNodes() async throws {
    let fleet = try TestFleet()
    let old = try await fleet.rehearse("--steps", "100000", "--pace", "5ms", "--model", "m")
    let apart = try await fleet.rehearse("--steps", "100000", "--pace", "5ms", "--model", "n")
    let new = try await fleet.rehearse("--steps", "20", "--pace", "5ms", "--model", "m", "--to", "austin-01/a")
    #expect(try fleet.text("err") == "\(old) is superseded by \(new)\n")
    #expect(try await fleet.fleet("jobs", "watch", "\(new)").status == 0)
    let job = try fleet.store.job(old)
    #expect(job.state == .cancelled && job.reason == "superseded by \(new)")
    #expect(try fleet.store.job(apart).state == .running)
  }

  @Test func endsWithItsFolder() async throws {
    let fleet = try TestFleet()
    let id = try await fleet.rehearse("--steps", "100000", "--pace", "5ms")
    let pid = try await fleet.owner(id)
    try FileManager.default.removeItem(atPath: fleet.store.folder)
    try await soon("it ends") { kill(pid, 0) != 0 }
  }

  @Test func readOnlyFolderIsToldOfAndKept() async throws {
    let fleet = try TestFleet()
    let id = try await fleet.rehearse("--steps", "3", "--pace", "1ms")
    try await soon("it ends") { try fleet.store.job(id).state == .succeeded && !fleet.store.isDriven(id) }
    let files = try FileManager.default.contentsOfDirectory(atPath: fleet.store.folder)
    for path in [fleet.folder.path, fleet.store.folder] { try allow(0o555, path) }
    for name in files where name.hasPrefix("jobs") { try allow(0o444, "\(fleet.store.folder)/\(name)") }
    defer { for path in [fleet.folder.path, fleet.store.folder] { try? allow(0o755, path) } }
    // Root may write everywhere, so somebody else tries.
    let process = Process()
    let program = TestFleet.program.path(percentEncoded: false)
    process.executableURL = URL(filePath: getuid() == 0 ? "/usr/bin/setpriv" : program)
    let drop = ["--reuid", "65534", "--regid", "65534", "--clear-groups", program]
    process.arguments = (getuid() == 0 ? drop : []) + ["job", "rehearse", "--fleet", fleet.file]
    process.environment = ProcessInfo.processInfo.environment.merging(["FLEET_STATE": fleet.store.folder]) { $1 }
    let errors = Pipe()
    process.standardError = errors
    process.standardOutput = FileHandle.nullDevice
    try process.run()
    let words = String(decoding: try errors.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
    process.waitUntilExit()
    #expect(process.terminationStatus == 1)
    #expect(words.contains("jobs.sqlite' cannot be opened for writing ("), "\(words)")
    #expect(try fleet.store.jobs(of: JobFleet(name: "acme", file: fleet.file)).map(\.state) == [.succeeded])
  }

  private func allow(_ permissions: Int, _ path: String) throws {
    try FileManager.default.setAttributes([.posixPermissions: permissions], ofItemAtPath: path)
  }

  private func stat(_ pid: Int32) throws -> (session: Int32?, terminal: Int32?) {
    let text = try String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)
    let fields = text[(text.lastIndex(of: ")") ?? text.startIndex)...].split(separator: " ")
    return (Int32(fields[4]), Int32(fields[5]))
  }
}
