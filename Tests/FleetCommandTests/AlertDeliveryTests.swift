import ArgumentParser
import FleetConsole
import FleetCore
import FleetJournal
import FleetTestSupport
import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Synchronization
import Testing

@testable import fleet

/// From the disk to a webhook and a program.
struct AlertDeliveryTests {
  private let folder: TemporaryFolder
  private let keeper: AlertKeeper
  private let definition: FleetDefinition
  private let node = NodeName(store: "s", node: "a")
  private let group = MultiThreadedEventLoopGroup.singleton

  init() throws {
    folder = try TemporaryFolder()
    keeper = AlertKeeper(
      store: try JobStore.open(folder: folder.path("state")),
      fleet: JobFleet(name: "acme", file: folder.path("fleet.yaml"))
    )
    definition = FleetDefinition(name: "acme", stores: [.init(name: "s", nodes: [.init(name: node, address: "h:1")])])
  }

  /// Patient, for a machine that is busy with other tests: whoever is given up is told again, as it should be.
  private func webhook(_ server: WebhookServer, _ path: String = "/") throws -> Webhook {
    var hook = try Webhook("http://127.0.0.1:\(server.port)\(path)", group: group)
    hook.deadline = .seconds(60)
    return hook
  }

  private func raise(_ severity: AlertSeverity = .critical) throws {
    let symptom = AlertSymptom(.latency, subject: "tag-reader@1", severity, "p99 110 ms is over the SLO of 50 ms")
    try keeper.record(AlertObservation(nodes: [node], sightings: [AlertSighting(node, symptom)]))
  }

  private func message() throws -> AlertMessage {
    try raise()
    return AlertMessage(try #require(try keeper.read().alerts.first), fleet: "acme", isSimulated: false)
  }

  /// Dispatches until nothing is left to tell.
  private func dispatch(_ sinks: [any AlertSink], until isDone: @escaping @Sendable () throws -> Bool) async throws {
    let dispatcher = AlertDispatcher(sinks, keeper: keeper, fleet: definition)
    let telling = Task { await dispatcher.run() }
    try await eventually(
      "all is told",
      within: .seconds(60),
      holds: {
        try dispatcher.refill()
        return try isDone()
      }
    )
    telling.cancel()
    await telling.value
  }

  @Test func aWebhookThatFailsTwiceGetsItOnce() async throws {
    let server = try await WebhookServer(answers: [500, 503])
    try raise()
    let keeper = keeper
    let hook = try webhook(server, "/alerts?team=ops")
    try await dispatch([hook]) { try keeper.untold(limit: 1).isEmpty }
    #expect(server.calls.count == 3)
    #expect(Set(server.calls.map(\.body)).count == 1 && Set(server.calls.map(\.head.uri)) == ["/alerts?team=ops"])
    let body = try #require(server.calls.last?.body)
    let event = try #require(try JSONSerialization.jsonObject(with: Data(body.utf8)) as? [String: Any])
    #expect(event["event"] as? String == "raised" && event["fleet"] as? String == "acme")
    let alert = try #require(event["alert"] as? [String: Any])
    #expect(alert["id"] as? Int == 1 && alert["nodes"] as? [String] == ["s/a"] && alert["kind"] as? String == "latency")
    #expect(alert["resolved"] is NSNull, "every key is there")
    #expect(server.calls.allSatisfy { $0.head.headers["idempotency-key"] == ["alert-1-1"] })
    #expect(server.calls.allSatisfy { $0.head.headers["content-type"] == ["application/json"] })
    // Whoever comes after has nothing to tell again.
    try await dispatch([hook]) { true }
    #expect(server.calls.count == 3)
    try await server.stop()
  }

  @Test func whatWasNotToldIsToldByTheNext() async throws {
    let server = try await WebhookServer()
    let port = server.port
    try await server.stop()
    try raise()
    let gone = try Webhook("http://127.0.0.1:\(port)/", group: group)
    let failures = Counter(gone)
    try await dispatch([failures]) { failures.count > 1 }
    #expect(try keeper.untold(limit: 9).map(\.id) == [1])
    let next = try await WebhookServer()
    let keeper = keeper
    try await dispatch([try webhook(next)]) {
      try keeper.untold(limit: 1).isEmpty
    }
    #expect(next.calls.count == 1)
    try await next.stop()
  }

  @Test func whatIsRefusedIsNotSentAgain() async throws {
    let server = try await WebhookServer(answers: [404])
    try raise()
    let keeper = keeper
    try await dispatch([try webhook(server)]) {
      try keeper.untold(limit: 1).isEmpty
    }
    #expect(server.calls.count == 1)
    try await server.stop()
  }

  @Test func aWebhookThatSaysNothingIsGivenUp() async throws {
    let server = try await WebhookServer(answers: [0])
    var hook = try Webhook("http://127.0.0.1:\(server.port)/", group: group)
    hook.deadline = .seconds(1)
    #expect(await hook.tell(try message()) == .failed("no answer within 1s"))
    try await server.stop()
  }

  @Test func overTLSTheServerHasToBeTheOneItSays() async throws {
    let (certificate, key) = (folder.path("server.pem"), folder.path("server.key"))
    try await selfSign(certificate, key)
    let configuration = TLSConfiguration.makeServerConfiguration(
      certificateChain: try NIOSSLCertificate.fromPEMFile(certificate).map { .certificate($0) },
      privateKey: .privateKey(try NIOSSLPrivateKey(file: key, format: .pem))
    )
    let server = try await WebhookServer(tls: NIOSSLContext(configuration: configuration))
    let url = "https://127.0.0.1:\(server.port)/"
    let message = try message()
    guard case .failed = try await Webhook(url, group: group).tell(message) else {
      Issue.record("a server that nobody knows got it")
      return
    }
    #expect(server.calls.isEmpty)
    #expect(try await Webhook(url, authority: certificate, group: group).tell(message) == .delivered)
    #expect(server.calls.map(\.body) == [message.json])
    // It is known, but as another machine.
    guard
      case .failed = try await Webhook("https://127.0.0.2:\(server.port)/", authority: certificate, group: group)
        .tell(message)
    else {
      Issue.record("a server of another name got it")
      return
    }
    try await server.stop()
  }

  private func selfSign(_ certificate: String, _ key: String) async throws {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/openssl")
    process.arguments = [
      "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out",
      certificate, "-days", "2", "-subj", "/CN=webhook", "-addext", "subjectAltName=IP:127.0.0.1",
    ]
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    try await eventually("openssl has made a certificate", holds: { !process.isRunning })
    try #require(process.terminationStatus == 0)
  }

  @Test(arguments: ["ftp://example.com/", "example.com", "http:///x", "https://kim:secret@example.com/"])
  func urlsThatAreNoneSaySo(_ url: String) {
    #expect(throws: UsageError.self) { try Webhook(url, group: group) }
  }

  @Test func aProgramGetsTheJSON() async throws {
    let file = folder.path("got")
    let program = AlertProgram(command: "cat > '\(file)'")
    let message = try message()
    #expect(await program.tell(message) == .delivered)
    #expect(try String(contentsOfFile: file, encoding: .utf8) == message.json + "\n")
    #expect(await AlertProgram(command: "exit 3").tell(message) == .failed("exit status 3"))
  }

  @Test func aProgramThatHangsIsKilledWithItsChildren() async throws {
    let file = folder.path("pid")
    let program = AlertProgram(command: "sleep 600 & echo $! > '\(file)'; wait", deadline: .seconds(1))
    #expect(await program.tell(try message()) == .failed("took longer than 1s and was killed"))
    let text = try String(contentsOfFile: file, encoding: .utf8)
    let child = try #require(Int32(text.trimmingCharacters(in: .whitespacesAndNewlines)))
    try await eventually(
      "its child is gone",
      holds: {
        let stat = try? String(contentsOfFile: "/proc/\(child)/stat", encoding: .utf8)
        return stat?.contains(") Z") ?? true
      }
    )
  }

  @Test func takingOnLasts() throws {
    try raise()
    try keeper.acknowledge(1, by: "kim")
    let again = AlertKeeper(store: try JobStore.open(folder: folder.path("state")), fleet: keeper.fleet)
    #expect(try again.read().alerts.first?.acknowledgement?.by == "kim")
    #expect(throws: CommandError(.notFound, "no alert 2")) { try again.acknowledge(2, by: "kim") }
  }

  /// Notes how often it is told.
  private final class Counter: AlertSink {
    private let sink: any AlertSink
    private let told = Mutex(0)

    init(_ sink: any AlertSink) { self.sink = sink }

    var name: String { sink.name }
    var count: Int { told.withLock { $0 } }

    func tell(_ event: AlertMessage) async -> AlertOutbox.Outcome {
      let outcome = await sink.tell(event)
      told.withLock { $0 += 1 }
      return outcome
    }
  }
}
