import FleetCore
import FleetTransfer

/// Reads files of a sibling piece by piece, and gives it up when it is slow.
actor SiblingReader {
  /// How long a piece may take.
  static let patience = Duration.seconds(10)
  /// A sibling on the same floor that gives less than this is in trouble, and the line to the store is no worse.
  private static let leastBytesPerSecond = 128.0 * 1024
  /// How long it is watched before that is said.
  private static let trial = Duration.seconds(10)

  private let sibling: any NodeAgent
  private let digest: ModelDigest
  private let pieceBytes: Int
  private let least: Double
  private var bucket: TokenBucket?
  private let start = ContinuousClock.now
  private var file = StagedFile(path: "", receivedBytes: 0, totalBytes: 0)
  private(set) var offset: UInt64 = 0
  private var given: UInt64 = 0

  init(_ sibling: any NodeAgent, _ order: FetchOrder) {
    self.sibling = sibling
    digest = order.digest
    let rate = order.bytesPerSecond.map { ByteRate(bytesPerSecond: max(1024, Double($0))) }
    bucket = rate.map { TokenBucket($0, at: .zero) }
    pieceBytes = TransferCap(TransferLimits(node: rate)).pieceBytes(atMost: FileTransfer.usualPieceBytes)
    least = min(Self.leastBytesPerSecond, (rate?.bytesPerSecond ?? .infinity) / 2)
  }

  func begin(_ file: StagedFile) {
    self.file = file
    offset = file.receivedBytes
  }

  func next() async throws(CommandError) -> [UInt8]? {
    if Task.isCancelled { throw CommandError(.conflict, "stopped") }
    guard offset < file.totalBytes else { return nil }
    let count = Int(min(UInt64(pieceBytes), file.totalBytes - offset))
    if let wait = bucket?.take(count, at: start.duration(to: .now)), wait > .zero {
      do { try await Task.sleep(for: wait) } catch { throw CommandError(.conflict, "stopped") }
    }
    let part = FilePart(digest: digest, path: file.path, offset: offset, count: count)
    let bytes = try await sibling.read(part)
    offset += UInt64(bytes.count)
    given += UInt64(bytes.count)
    let age = start.duration(to: .now)
    guard age < Self.trial || Double(given) / age.seconds >= least else {
      throw CommandError(.timeout, "it gives only \(Int(Double(given) / age.seconds / 1024)) KB/s")
    }
    return bytes
  }
}
