/// The one seam between what operates a fleet and what runs on a box: an agent seen from outside.
///
/// `LocalAgent` is the box itself, `RemoteAgent` the same over the wire, `SimulatedAgent` its twin in memory;
/// the same tests run against all three.
package protocol NodeAgent: Sendable {
  var name: NodeName { get }

  /// Static facts and the contents of the model repository.
  func describe() async throws(CommandError) -> NodeDescription

  /// Frames at the asked interval until the consumer stops or the link breaks (then it throws a `CommandError`).
  /// A slow consumer misses frames, never requests: counters are cumulative and only the newest frame is kept for it.
  func frames(_ request: FrameRequest) -> AsyncThrowingStream<Frame, any Error>

  /// Does one thing and says what came of it. Commands may be repeated: each is idempotent.
  func execute(_ command: Command) async throws(CommandError) -> Outcome

  /// How `send` may encode what it brings. Known of a node far away once it has answered `stage`.
  var sendEncodings: Set<FileTransfer.Encoding> { get }

  /// Brings the rest of a file of a staged version, or a part of that, as a stream; how many bytes of the file are there then. What
  /// came before a failure stays. The last byte of a file makes the node verify its hash, as with `write`.
  /// Of a delta it gives how many bytes of that are there; all of them mean that the file was made and verified.
  func send(_ transfer: FileTransfer, _ pieces: FilePieces) async throws(CommandError) -> UInt64

  /// Whether it can bring a staged version from a sibling. Known of a node far away once it has answered `stage`.
  var canFetch: Bool { get }

  /// Brings what it lacks of a staged version from a sibling; `tell` is told how much of the version is there. What came before a
  /// failure stays.
  func fetch(_ order: FetchOrder, _ tell: @escaping @Sendable (_ received: UInt64) -> Void) async throws(CommandError)

  /// A part of a file of a complete version.
  func read(_ part: FilePart) async throws(CommandError) -> [UInt8]

  /// Where its siblings reach it, HOST:PORT; nil when they cannot.
  var siblingAddress: String? { get }

  /// Answers a node of its store that wants to leave service, or has left.
  func answer(_ request: ClaimRequest, from caller: NodeName) async throws(CommandError) -> ClaimReply

  /// Has a node that is about to drain itself stay, and ask again later. Throws `.refused` when it is not about to.
  func holdAutoDrain(because reason: String) async throws(CommandError)
}

extension NodeAgent {
  package func answer(_ request: ClaimRequest, from caller: NodeName) async throws(CommandError) -> ClaimReply {
    throw CommandError(.invalid, "\(name) makes no promises")
  }

  package func holdAutoDrain(because reason: String) async throws(CommandError) {
    throw CommandError(.refused, "\(name) is not about to drain itself")
  }
}

/// What a watcher asks for.
package struct FrameRequest: Sendable, Equatable {
  package static let intervalBounds: ClosedRange<Duration> = .milliseconds(100)...(.seconds(60))

  /// Time between frames, held within `intervalBounds`.
  package var interval: Duration
  /// How many frames of the past to send first, oldest first and `interval` apart, so that rates and charts are there at once.
  package var history: Int

  package init(interval: Duration = .seconds(1), history: Int = 0) {
    self.interval = min(max(interval, Self.intervalBounds.lowerBound), Self.intervalBounds.upperBound)
    self.history = max(0, history)
  }
}
