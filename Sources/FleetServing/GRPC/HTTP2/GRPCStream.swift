package import NIOCore

/// One call: what has come of it, what is being answered, and what may go out. Does no I/O; the connection does what it is told.
package struct GRPCStream {
  /// A request that is with the front end, or waits for its turn to be answered.
  private struct Slot {
    var request: Request
    var answer: GRPCAnswer?
  }

  /// A request to answer. `sequence` is what the answer must name.
  package struct Request {
    package var message: ByteBuffer
    /// As the call's head says.
    package var isCompressed: Bool
    package var context: CallContext
    package var sequence: Int
  }

  /// Requests of one call that are answered at the same time, where a call has many: enough for a batch.
  package static let maximumInFlight = 16

  package let head: GRPCRequestHead
  package private(set) var isInputOver = false
  /// The header list that begins the answer is out.
  package var hasBegun = false
  /// The last frame of the answer was given to the connection; the stream goes when that is out.
  package private(set) var isFinished = false
  /// Answers given to the connection that are not out yet.
  package private(set) var unsent = 0
  /// When it began.
  let began: NIODeadline
  /// The first of the answers that are not out yet.
  var sending: Unsent?
  /// It is to end at the next moment in which nothing of it is under way.
  var endsWhenQuiet = false
  /// When something last came of it, or went out.
  package var lastProgress: NIODeadline
  /// What the client may still send before it is given more, as far as is known.
  package var inboundWindow: Int?
  private let client: SocketAddress?
  private var partialSince: NIODeadline?
  private var reader: GRPCMessageReader
  private var slots: [Slot] = []
  private var firstSequence = 0
  /// Bytes of answers that are not out yet.
  private var outgoingBytes = 0

  package init(head: GRPCRequestHead, maximumLength: Int, now: NIODeadline, client: SocketAddress? = nil) {
    self.head = head
    self.client = client
    reader = GRPCMessageReader(maximumLength: maximumLength)
    began = now
    lastProgress = now
  }

  /// What the call keeps in memory, as it was last told: requests until they are answered, answers until they are out.
  package private(set) var toldBytes = 0

  /// How much more that is now.
  package mutating func heldChange() -> Int {
    let held = reader.bufferedBytes + slots.reduce(outgoingBytes) { $0 + $1.request.message.readableBytes }
    defer { toldBytes = held }
    return held - toldBytes
  }

  /// Nothing is being answered, and nothing more is to be.
  package var isIdle: Bool { slots.isEmpty }

  /// Those that are being answered.
  var waiting: [Request] { slots.filter { $0.answer == nil }.map(\.request) }

  /// The one that an answer names.
  func request(_ sequence: Int) -> Request? {
    let index = sequence - firstSequence
    return slots.indices.contains(index) ? slots[index].request : nil
  }

  /// Nothing of it is under way in either direction, though it may go on.
  var isQuiet: Bool { slots.isEmpty && unsent == 0 && reader.bufferedBytes == 0 && !isInputOver && !isFinished }

  /// Since when a message arrives that is not there whole.
  var arrivingSince: NIODeadline? {
    guard awaitsClient else { return nil }
    return head.method.form == .requestsAndAnswers ? partialSince ?? lastProgress : began
  }

  var partialMessage: ByteBuffer { reader.partialMessage }

  /// The client owes the rest of a message, or the end of a call that has one.
  package var awaitsClient: Bool {
    guard !isFinished, slots.isEmpty, !isInputOver else { return false }
    return head.method.form == .requestsAndAnswers ? reader.bufferedBytes > 0 && !reader.hasMessage : true
  }

  /// More may come: what has come so far is not waiting for answers to go out.
  package var takesMore: Bool {
    !isInputOver && !isFinished && (unsent + slots.count < Self.maximumInFlight || !reader.hasMessage)
  }

  // MARK: In

  package mutating func received(_ data: ByteBuffer, isLast: Bool) throws(GRPCStatus) {
    if isLast { isInputOver = true }
    guard !isFinished else { return }
    if data.readableBytes > 0 { try reader.append(data) }
    partialSince = reader.bufferedBytes > 0 && !reader.hasMessage ? partialSince ?? lastProgress : nil
  }

  package mutating func inputEnded() { isInputOver = true }

  /// The next request to answer; nil when there is none now. A call with one request is answered when its client has said all.
  package mutating func nextRequest(now: NIODeadline) throws(GRPCStatus) -> Request? {
    guard !isFinished else { return nil }
    if head.method.form == .requestsAndAnswers {
      guard unsent + slots.count < Self.maximumInFlight, let message = try reader.next() else { return nil }
      return try take(message, now)
    }
    guard isInputOver, firstSequence == 0, slots.isEmpty else { return nil }
    guard let message = try reader.next() else {
      let problem = reader.bufferedBytes == 0 ? "the call has no message" : "the call ends within a message"
      throw GRPCStatus(.invalidArgument, problem)
    }
    guard reader.bufferedBytes == 0 else { throw GRPCStatus(.invalidArgument, "the call has more than one message") }
    guard head.method.form == .unary else {
      let request = try take(message, now)
      slots.removeLast()
      firstSequence = 1
      return request
    }
    return try take(message, now)
  }

  private mutating func take(
    _ message: (bytes: ByteBuffer, isCompressed: Bool),
    _ now: NIODeadline
  ) throws(GRPCStatus) -> Request {
    guard !message.isCompressed || head.encoding != nil else {
      throw GRPCStatus(.invalidArgument, "a message is compressed, and the call names no grpc-encoding")
    }
    let request = Request(
      message: message.bytes,
      isCompressed: message.isCompressed,
      context: CallContext(received: now, deadline: head.deadline, client: client),
      sequence: firstSequence + slots.count
    )
    slots.append(Slot(request: request))
    return request
  }

  /// What ends the call now that nothing is being answered; nil when it is to go on.
  package func ending() -> GRPCStatus? {
    guard isInputOver, !isFinished, slots.isEmpty, !reader.hasMessage else { return nil }
    return reader.bufferedBytes == 0 ? .ok : GRPCStatus(.invalidArgument, "the call ends within a message")
  }

  // MARK: Out

  /// What may be written now, in the order of the requests.
  package mutating func answered(_ sequence: Int, _ answer: GRPCAnswer) -> [GRPCAnswer] {
    let index = sequence - firstSequence
    guard slots.indices.contains(index) else { return [] }
    slots[index].answer = answer
    var ready: [GRPCAnswer] = []
    while let answer = slots.first?.answer {
      slots.removeFirst()
      firstSequence += 1
      ready.append(answer)
    }
    return ready
  }

  package mutating func sending(_ bytes: Int) {
    unsent += 1
    outgoingBytes += bytes
  }

  package mutating func sent(_ bytes: Int) {
    unsent -= 1
    outgoingBytes -= bytes
  }

  package mutating func finish() { isFinished = true }

  /// Those who work on it need not go on.
  package func cancel() {
    for slot in slots { slot.request.context.cancel() }
  }
}
