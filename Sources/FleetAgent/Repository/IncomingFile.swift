import FleetCore

/// One file of an upload as it comes: written where it will lie, and hashed on its way, so that it need not be read again.
struct IncomingFile: Sendable {
  /// Bytes that may wait in memory for the disk. More make the sender wait: a slow disk sets the pace, not the line, and what the
  /// engine wants of the disk meanwhile never waits behind a heap of ours.
  private static let unwrittenBytes: UInt64 = 8 << 20

  let file: ModelManifest.File
  let path: String
  private(set) var received: UInt64 = 0
  private var hasher = SHA256Text.Hasher()
  /// Up to where the disk was told to write, and up to where it has.
  private var toldUpTo: UInt64 = 0
  private var writtenUpTo: UInt64 = 0

  /// What a broken upload left is read once, for its hash.
  init(_ file: ModelManifest.File, at path: String, on disk: Disk) throws {
    self.file = file
    self.path = path
    guard disk.exists(path) else { return }
    var hasher = hasher
    var received: UInt64 = 0
    try disk.read(path) { bytes in
      hasher.update(bytes)
      received += UInt64(bytes.count)
    }
    self.hasher = hasher
    self.received = received
    toldUpTo = received
    writtenUpTo = received
  }

  var isComplete: Bool { received == file.bytes }

  /// Throws `.invalid` when that is more than the file has, and what the disk throws; then this must not be used any more.
  mutating func append(_ bytes: [UInt8], on disk: Disk) throws {
    guard UInt64(bytes.count) <= file.bytes - min(received, file.bytes) else {
      throw CommandError(.invalid, "'\(file.path)': more bytes than the \(file.bytes) of the manifest")
    }
    guard !bytes.isEmpty else { return }
    try disk.append(bytes, to: path) { written in
      hasher.update(bytes)
      received += UInt64(bytes.count)
      pace(written)
    }
  }

  private mutating func pace(_ written: Descriptor) {
    guard received - toldUpTo >= Self.unwrittenBytes / 2 else { return }
    BackgroundWork.startWriting(written, from: toldUpTo, count: received - toldUpTo)
    if toldUpTo > writtenUpTo {
      BackgroundWork.finishWriting(written, from: writtenUpTo, count: toldUpTo - writtenUpTo)
      writtenUpTo = toldUpTo
    }
    toldUpTo = received
  }

  /// Forces a complete file to the disk; false when it is not what its manifest says, and gone then.
  func finish(on disk: Disk) throws -> Bool {
    try disk.sync(path)
    if hasher.finish() == file.sha256 { return true }
    try disk.remove(path)
    return false
  }
}
