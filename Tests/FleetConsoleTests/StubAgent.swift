import FleetCore
import Synchronization

/// An agent that answers as a test says and has no frames; keeps what was asked of it.
final class StubAgent: NodeAgent {
  let name: NodeName
  let requests = Mutex<[FrameRequest]>([])
  private let answer: @Sendable (Command) async throws(CommandError) -> Outcome

  init(name: NodeName, answer: @escaping @Sendable (Command) async throws(CommandError) -> Outcome) {
    self.name = name
    self.answer = answer
  }

  func describe() async throws(CommandError) -> NodeDescription { throw CommandError(.unreachable, "nobody here") }

  func frames(_ request: FrameRequest) -> AsyncThrowingStream<Frame, any Error> {
    requests.withLock { $0.append(request) }
    return AsyncThrowingStream { $0.finish(throwing: CommandError(.unreachable, "no frames here")) }
  }

  func execute(_ command: Command) async throws(CommandError) -> Outcome { try await answer(command) }
}
