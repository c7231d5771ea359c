import FleetCore
import FleetTransfer

/// A file to be made of a delta that is here as a whole and a file of a complete version.
struct DeltaRebuild: Sendable {
  let file: ModelManifest.File
  let delta: String
  let base: String
  /// Where it is made. It counts nowhere until it is moved to its place.
  let result: String
  let disk: Disk

  /// Throws `.corrupt` unless every byte of it is as the manifest says; it is on the disk then.
  func run() throws(CommandError) {
    let source = try FileSource(delta)
    let decoder = try DeltaDecoder(source, expecting: FileIdentity(file))
    var made = try saying { () throws in
      try disk.remove(result)
      return try IncomingFile(file, at: result, on: disk)
    }
    let base = decoder.method.usesBase ? try FileSource(base) : nil
    try decoder.decode(from: base) { (piece) throws(CommandError) in
      try saying { try made.append(piece, on: disk) }
    }
    guard try saying({ try made.finish(on: disk) }) else {
      throw CommandError(.corrupt, "what the delta makes is not the file that it should be")
    }
  }

  private func saying<Result>(_ body: () throws -> Result) throws(CommandError) -> Result {
    try DiskTrouble.saying("make '\(file.path)' of its delta", body)
  }
}

/// Runs them one after the other, on a thread of its own that lets others go first.
actor DeltaRebuilder {
  private let executor: ThreadExecutor

  init() throws {
    executor = try ThreadExecutor(name: "delta", givesWay: true)
  }

  nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe executor.asUnownedSerialExecutor() }

  func run(_ rebuild: DeltaRebuild) throws(CommandError) { try rebuild.run() }
}
