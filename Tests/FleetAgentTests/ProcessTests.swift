import FleetCore
import FleetTestSupport
import FleetWire
import Glibc
import Logging
import ServiceLifecycle
import ServiceLifecycleTestKit
import Testing

@testable import FleetAgent

/// Real processes and sockets.
struct ProcessTests {
  @Test func endsAreToldInWords() async throws {
    let failed = try await ChildProcess.spawn(
      program: "/bin/sh",
      arguments: ["-c", "echo out of memory >&2; exit 3"],
      inherited: []
    )
    #expect(await "\(failed.ended())" == "exit status 3: out of memory")
    let killed = try await ChildProcess.spawn(program: "/bin/sleep", arguments: ["60"], inherited: [])
    killed.kill(SIGKILL)
    #expect(await "\(killed.ended())" == "killed by signal 9 (SIGKILL)")
    killed.kill(SIGKILL)
  }

  @Test func programThatIsNotThereIsToldOf() async {
    let error = await #expect(throws: SystemError.self) {
      _ = try await ChildProcess.spawn(program: "/nowhere", arguments: [], inherited: [])
    }
    #expect(error.map { "\($0)" } == "cannot start /nowhere: No such file or directory")
  }

  @Test func childGetsItsDescriptorsAndNoOther() async throws {
    let (ours, theirs) = try Descriptor.socketPair()
    // Inheritable on purpose, as a library might have left it.
    let stray = fcntl(ours.number, F_DUPFD, 100)
    defer { close(stray) }
    let child = try await ChildProcess.spawn(
      program: "/bin/sh",
      arguments: ["-c", "ls -m /proc/$$/fd; cat <&3; exit 1"],
      inherited: [theirs, try ListeningSocket(binding: HostPort(host: "127.0.0.1", port: 0)).descriptor]
    )
    try ours.send(Array("hello".utf8))
    shutdown(ours.number, Int32(SHUT_WR))
    let end = await child.ended()
    #expect("\(end)" == "exit status 1: 0, 1, 2, 3, 4; hello")
  }

  @Test func whatAChildNotedIsThereWhenItIsGone() async throws {
    let memory = try SharedMemory(bytes: FlightRecord.bytes)
    #expect(try FlightRecord(bytes: memory.contents()) == FlightRecord())
    let child = try await ChildProcess.spawn(
      program: "/bin/sh",
      arguments: ["-c", #"printf '\014tag-reader@3' >&3; kill -9 $$"#],
      inherited: [memory.descriptor]
    )
    #expect(await child.ended().cause == .killed(signal: 9))
    #expect(try FlightRecord(bytes: memory.contents()).loading == ModelVersion(name: "tag-reader", number: 3))
  }

  @Test func takenPortIsToldOf() throws {
    let first = try ListeningSocket(binding: HostPort(host: "127.0.0.1", port: 0))
    let error = #expect(throws: SystemError.self) { try ListeningSocket(binding: first.address) }
    #expect(
      error.map { "\($0)" } == "cannot listen on \(first.address): Address already in use"
        || error.map { "\($0)" } == "cannot bind \(first.address): Address already in use"
    )
  }

  @Test func siblingIsAskedWithADeadline() async throws {
    let sibling = try FakeSibling()
    #expect(
      try await SiblingCheck(address: sibling.address).ask(within: .seconds(5))
        == SiblingCheck.Answer(isReady: true, inFlight: 7)
    )
    sibling.setReady(false)
    #expect(try await !SiblingCheck(address: sibling.address).ask(within: .seconds(5)).isReady)
    // Takes connections, and says nothing.
    let silent = try ListeningSocket(binding: HostPort(host: "127.0.0.1", port: 0))
    let began = ContinuousClock.now
    #expect(try await !SiblingCheck(address: silent.address).ask(within: .milliseconds(100)).isReady)
    #expect(ContinuousClock.now - began < .seconds(3))
  }

  @Test func siblingsAnswerInTimeWhateverTheNameServerDoes() async throws {
    let (quick, stuck) = (try FakeSibling(), try FakeSibling())
    let names = ["b", "c"].map { NodeName(store: "s", node: $0) }
    let gate = Monitor(false)
    let siblings = try Siblings(
      zip(names, [quick, stuck]).map { AgentConfiguration.Sibling(name: $0, http: $1.address) }
    ) { place in
      if place == stuck.address { _ = gate.wait { $0 ? true : nil } }
    }
    let began = ContinuousClock.now
    for _ in 0..<2 { #expect(await siblings.serving().map(\.name) == [names[0]]) }
    #expect(ContinuousClock.now - began < .seconds(10))
    gate.change { $0 = true }
    try await eventually("the stuck one is asked again") { await siblings.serving().map(\.name) == names }
  }

  @Test func callEndsAtItsDeadlineWhateverTheCallerDoes() async throws {
    let (ours, theirs) = try Descriptor.socketPair()
    let link = try EngineLink(socket: ours)
    for deadline in [Duration.seconds(-1), .zero, .milliseconds(50)] {
      let call = Task { () -> CommandError.Code? in
        do throws(CommandError) {
          _ = try await link.call(.report, within: deadline)
          return nil
        } catch {
          return error.code
        }
      }
      call.cancel()
      #expect(try await within(.seconds(10), "the deadline \(deadline)") { await call.value } == .timeout)
    }
    withExtendedLifetime(theirs) {}
  }

  @Test func secondAgentOnAStateFolderIsTurnedAway() throws {
    let folder = try TemporaryFolder()
    let lock = try StateLock(folder: folder.path)
    #expect(throws: StateLock.Held.self) { try StateLock(folder: folder.path) }
    withExtendedLifetime(lock) {}
  }

  @Test func servicesEndGracefully() async throws {
    let folder = try TemporaryFolder()
    let engines = FakeEngines()
    let parts = try await AgentParts.open(
      AgentConfiguration(node: NodeName(store: "s", node: "n"), stateDirectory: folder.path),
      version: "test",
      log: .silent
    ) { _ in engines }
    let services: [any Service] = [parts.supervisor, parts.budget, parts.drain, parts.sampler]
    try await within(.seconds(20), "the end of all services") {
      try await testGracefulShutdown { trigger in
        try await withThrowingTaskGroup(of: Void.self) { group in
          for service in services { group.addTask { try await service.run() } }
          try await eventually("the engine is up") { engines.started.first != nil }
          trigger.triggerGracefulShutdown()
          try await group.waitForAll()
        }
      }
    }
    #expect(engines.started.count == 1)
  }
}
