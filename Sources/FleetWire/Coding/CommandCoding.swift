import FleetCore
import FoundationEssentials

extension FrameRequest {
  /// 10 min at the usual interval; more would cost the node memory for each watcher.
  static let maximumHistory = 600

  init(wire: Fleet_V1_WatchRequest) {
    let interval = wire.intervalMilliseconds == 0 ? 1000 : Int64(wire.intervalMilliseconds)
    self.init(interval: .milliseconds(interval), history: min(Int(wire.history), Self.maximumHistory))
  }
}

extension Fleet_V1_WatchRequest {
  init(_ request: FrameRequest) {
    self.init()
    intervalMilliseconds = UInt32(clamping: request.interval.microseconds / 1000)
    history = UInt32(min(request.history, FrameRequest.maximumHistory))
  }
}

extension Fleet_V1_WriteRequest {
  init(_ chunk: FileChunk) {
    self.init()
    digest = chunk.digest.text
    path = chunk.path
    offset = chunk.offset
    content = Data(chunk.bytes)
  }
}

extension FileChunk {
  init(wire: Fleet_V1_WriteRequest) throws(CommandError) {
    guard wire.content.count <= Self.maximumBytes else {
      throw WireValue.wrong("content", "\(wire.content.count) bytes are more than the \(Self.maximumBytes) of a chunk")
    }
    self.init(
      digest: try WireValue.digest(wire.digest, "digest"),
      path: try WireValue.text(wire.path, "path"),
      offset: try WireValue.count(wire.offset, "offset"),
      bytes: Array(wire.content)
    )
  }
}

extension Fleet_V1_ActivateRequest {
  init(_ wanted: ModelVersion, digest wantedDigest: ModelDigest) {
    self.init()
    version = Fleet_V1_ModelVersion(wanted)
    digest = wantedDigest.text
  }
}

extension Fleet_V1_EvaluateRequest {
  init(_ wanted: ModelVersion, digest wantedDigest: ModelDigest) {
    self.init()
    version = Fleet_V1_ModelVersion(wanted)
    digest = wantedDigest.text
  }
}

extension Fleet_V1_ConfirmRequest {
  init(_ wanted: ModelVersion, digest wantedDigest: ModelDigest) {
    self.init()
    version = Fleet_V1_ModelVersion(wanted)
    digest = wantedDigest.text
  }
}

extension Fleet_V1_DrainRequest {
  init(_ order: DrainOrder) {
    self.init()
    reason = order.reason
    orderedBy = order.orderedBy
    deadlineMilliseconds = UInt64(max(0, order.deadline.microseconds / 1000))
    isForced = order.isForced
  }
}

extension DrainOrder {
  private static let maximumDeadlineMilliseconds: UInt64 = 7 * 86_400_000

  init(wire: Fleet_V1_DrainRequest) throws(CommandError) {
    guard wire.deadlineMilliseconds <= Self.maximumDeadlineMilliseconds else {
      throw WireValue.wrong("deadline", "\(wire.deadlineMilliseconds) ms are more than the 7 days allowed")
    }
    self.init(
      reason: try WireValue.text(wire.reason, "reason"),
      orderedBy: try WireValue.text(wire.orderedBy, "ordered_by"),
      deadline: .milliseconds(Int64(wire.deadlineMilliseconds)),
      isForced: wire.isForced
    )
  }
}
