import FleetCore
import FleetTestSupport
import FleetWire
import FoundationEssentials
import Glibc
import Logging
import ServiceLifecycle
import Synchronization

@testable import FleetAgent

/// A whole agent in a temporary folder, with fake engines and fake siblings, running until `stop`.
final class TestNode: Sendable {
  let folder: TemporaryFolder
  let engines: FakeEngines
  let parts: AgentParts
  private let tasks: [Task<Void, any Error>]
  private let siblings: [FakeSibling]

  var agent: LocalAgent { parts.agent }

  init(
    folder: TemporaryFolder? = nil,
    engines: FakeEngines = FakeEngines(),
    siblings names: [NodeName] = [],
    links: [NodeName: any NodeAgent]? = nil,
    memory: SwitchMemory? = SwitchMemory(available: { nil }),
    _ change: (inout AgentConfiguration) -> Void = { _ in }
  ) async throws {
    let folder = try folder ?? TemporaryFolder()
    self.folder = folder
    self.engines = engines
    siblings = try names.map { _ in try FakeSibling() }
    var configuration = AgentConfiguration(
      node: NodeName(store: "austin-01", node: "a"),
      stateDirectory: folder.path
    )
    configuration.siblings = zip(names, siblings).map { AgentConfiguration.Sibling(name: $0, http: $1.address) }
    change(&configuration)
    parts = try await AgentParts.open(
      configuration,
      version: "test",
      log: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }),
      memory: memory,
      links: links
    ) { _ in engines }
    let services: [any Service] = [
      parts.supervisor, parts.budget, parts.drain, parts.siblings, parts.sampler, parts.probation,
    ]
    tasks = services.map { service in Task { try await service.run() } }
  }

  /// The first frame for which `condition` holds.
  @discardableResult
  func frame(_ what: String, _ condition: @escaping @Sendable (Frame) -> Bool) async throws -> Frame {
    let agent = agent
    return try await within(.seconds(30), what) {
      for try await frame in agent.frames(FrameRequest(interval: .milliseconds(100))) where condition(frame) {
        return frame
      }
      throw CommandError(.failed, "the frames ended: \(what)")
    }
  }

  /// Where the siblings are, as an engine is told.
  var siblingAddresses: [String] { siblings.map(\.address.description) }

  /// What all siblings say from now on.
  func setSiblings(ready: Bool) {
    for sibling in siblings { sibling.setReady(ready) }
  }

  func stop() async {
    for task in tasks { task.cancel() }
    for task in tasks { _ = try? await task.value }
  }
}

/// A sibling that answers every HTTP request with 200, or with 503 when told so; it says that it has 7 requests in flight.
final class FakeSibling: Sendable {
  let address: HostPort
  private let socket: ListeningSocket
  private let isReady: Mutex<Bool>

  init() throws {
    socket = try ListeningSocket(binding: HostPort(host: "127.0.0.1", port: 0))
    address = socket.address
    isReady = Mutex(true)
    let socket = socket
    try OwnThread.start("fake-sibling") { [weak self] in
      while true {
        let number = accept(socket.descriptor.number, nil, nil)
        guard number >= 0 else { return }
        let connection = Descriptor(owning: number)
        guard let self, (try? connection.read(upTo: 1024)) != nil else { return }
        let status = self.isReady.withLock { $0 } ? "200 OK" : "503 Service Unavailable"
        let load = "\(SiblingLoad.headerName): 7"
        try? connection.send(
          Array("HTTP/1.1 \(status)\r\nContent-Length: 0\r\n\(load)\r\nConnection: close\r\n\r\n".utf8)
        )
      }
    }
  }

  deinit { socket.descriptor.shutDown() }

  func setReady(_ ready: Bool) { isReady.withLock { $0 = ready } }
}
