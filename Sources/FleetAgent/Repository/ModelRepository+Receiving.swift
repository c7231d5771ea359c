package import FleetCore
import FleetTransfer

/// A stream of one file, or of a delta for it, that is being received.
struct Receiving {
  /// Tells it apart from a later one of the same upload.
  let number: UInt64
  let path: String
  /// Bytes of the stream that are here already, and are left out.
  var surplus: UInt64
  /// How many bytes of the file, or of the delta, are here.
  var received: UInt64
  var decompressor: ZstdDecompressor?
  var delta: IncomingDelta?
}

/// What comes over the wire: chunk by chunk, or as a stream.
extension ModelRepository {
  /// 8 MiB: what a stream's sender can make this node hold, and more than its level of zstd makes use of.
  private static let windowLog = 23

  // MARK: Chunks

  /// Takes bytes of an announced version; how many of the file are there now.
  package func write(_ chunk: FileChunk) throws(CommandError) -> UInt64 {
    let (manifest, file) = try announced(chunk.digest, chunk.path)
    guard chunk.bytes.count <= FileChunk.maximumBytes else {
      throw CommandError(
        .invalid,
        "'\(chunk.path)': \(chunk.bytes.count) bytes at once; at most \(FileChunk.maximumBytes)"
      )
    }
    let received = received(file, of: chunk.digest)
    guard chunk.offset == received else {
      throw CommandError(.conflict, "'\(chunk.path)': expected offset \(received), found \(chunk.offset)")
    }
    return try take(chunk.bytes, of: file, in: manifest)
  }

  // MARK: Streams

  /// Begins a stream; the number to call it by. One that is under way for the same version gives way.
  package func begin(_ transfer: FileTransfer) throws(CommandError) -> UInt64 {
    let (manifest, file) = try announced(transfer.digest, transfer.path)
    var received = received(file, of: transfer.digest)
    var delta: IncomingDelta?
    if let announced = transfer.delta {
      let begun = try beginDelta(announced, of: file, in: manifest)
      (delta, received) = (begun.delta, begun.received)
    }
    guard transfer.offset <= received else {
      throw CommandError(.conflict, "'\(transfer.path)': expected offset \(received), found \(transfer.offset)")
    }
    var decompressor: ZstdDecompressor?
    if transfer.encoding == .zstd {
      decompressor = try ZstdDecompressor(limit: file.bytes - transfer.offset, windowLog: Self.windowLog)
    }
    lastReceiving += 1
    receiving[transfer.digest] = Receiving(
      number: lastReceiving,
      path: transfer.path,
      surplus: received - transfer.offset,
      received: received,
      decompressor: decompressor,
      delta: delta
    )
    return lastReceiving
  }

  /// Takes what comes next in a stream.
  package func receive(_ bytes: [UInt8], by number: UInt64, of digest: ModelDigest) throws(CommandError) {
    guard bytes.count <= FileTransfer.maximumPieceBytes else {
      throw CommandError(.invalid, "\(bytes.count) bytes at once; at most \(FileTransfer.maximumPieceBytes)")
    }
    let stream = try underWay(number, of: digest)
    guard let decompressor = stream.decompressor else { return try take(bytes, by: number, of: digest) }
    try decompressor.add(bytes) { (piece) throws(CommandError) in try take(piece, by: number, of: digest) }
  }

  /// Nothing more comes from that stream; how many bytes of the file are here.
  package func end(_ number: UInt64, of digest: ModelDigest) throws(CommandError) -> UInt64 {
    let stream = try underWay(number, of: digest)
    receiving[digest] = nil
    return stream.received
  }

  func underWay(_ number: UInt64, of digest: ModelDigest) throws(CommandError) -> Receiving {
    guard let stream = receiving[digest], stream.number == number else {
      throw CommandError(.conflict, "another transfer of \(digest.short) has taken the place of this one")
    }
    return stream
  }

  private func take(_ bytes: [UInt8], by number: UInt64, of digest: ModelDigest) throws(CommandError) {
    var stream = try underWay(number, of: digest)
    let leftOut = min(stream.surplus, UInt64(bytes.count))
    stream.surplus -= leftOut
    if leftOut < bytes.count {
      let new = leftOut == 0 ? bytes : Array(bytes.dropFirst(Int(leftOut)))
      if let delta = stream.delta {
        stream.received = try take(new, of: delta, received: stream.received)
      } else {
        let (manifest, file) = try announced(digest, stream.path)
        stream.received = try take(new, of: file, in: manifest)
      }
    }
    receiving[digest] = stream
  }

  /// Whether a stream of that version is under way. One whose line broke ends as soon as what came before has been written.
  package func isReceiving(_ digest: ModelDigest) -> Bool { receiving[digest] != nil }

  // MARK: Both

  func announced(
    _ digest: ModelDigest,
    _ path: String
  ) throws(CommandError) -> (ModelManifest, ModelManifest.File) {
    guard let manifest = uploads[digest], let file = manifest.files.first(where: { $0.path == path }) else {
      throw CommandError(
        .notFound,
        "no upload of \(digest.short) with a file '\(path)' was announced; stage its manifest first"
      )
    }
    try checkNumber(of: manifest)
    return (manifest, file)
  }

  private func take(
    _ bytes: [UInt8],
    of file: ModelManifest.File,
    in manifest: ModelManifest
  ) throws(CommandError) -> UInt64 {
    let digest = manifest.digest
    let path = "\(folder.upload(digest))/\(file.path)"
    var incoming = try saying("read '\(file.path)' back") { try opened(file, at: path, of: digest) }
    // Kept again only once all went well: what half an append left is read anew.
    self.incoming[digest] = nil
    try saying("write '\(file.path)' of \(manifest.version)") { try incoming.append(bytes, on: disk) }
    guard incoming.isComplete else {
      self.incoming[digest] = incoming
      return incoming.received
    }
    guard try saying("write '\(file.path)' of \(manifest.version)", { try incoming.finish(on: disk) }) else {
      throw CommandError(.corrupt, "'\(file.path)': the bytes received do not match the manifest; they were discarded")
    }
    try completeIfWhole(manifest)
    return incoming.received
  }

  func completeIfWhole(_ manifest: ModelManifest) throws(CommandError) {
    guard manifest.files.allSatisfy({ received($0, of: manifest.digest) == $0.bytes }) else { return }
    try saying("complete \(manifest.version)") { try complete(manifest) }
  }

  /// The file as it was left by the last piece, or read anew if something else happened to it.
  private func opened(_ file: ModelManifest.File, at path: String, of digest: ModelDigest) throws -> IncomingFile {
    if let known = incoming[digest], known.path == path, known.received == received(file, of: digest) { return known }
    incoming = incoming.filter { uploads[$0.key] != nil }
    return try IncomingFile(file, at: path, on: disk)
  }
}
