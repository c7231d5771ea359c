internal import FleetCore
internal import FleetTransfer
internal import Foundation

/// Deltas to one version from those that lie beside it, each made once, however many nodes want it.
package actor DeltaLibrary {
  /// Of a smaller file there is nothing to save.
  static let leastBytes: UInt64 = 16 << 10
  /// How many of a node's versions are tried as a base, the likeliest first.
  private static let mostBases = 3
  /// What deltas may take on this machine's disk; the one that was asked for longest ago goes first.
  private static let keptBytes: UInt64 = 1 << 30

  /// Two files by their hashes.
  private struct Pair: Hashable {
    var base: String
    var result: String
  }

  private let model: LocalModel
  private var bases: [ModelDigest: LocalModel]?
  private var made: [Pair: Task<Result<DeltaOffer?, CommandError>, Never>] = [:]
  /// Of each pair that was made, how many bytes are kept; the one asked for last at the end.
  private var kept: [(pair: Pair, bytes: UInt64)] = []

  /// Versions are looked for in the folders beside that of `model`, where those are named by their numbers.
  package init(for model: LocalModel) {
    self.model = model
  }

  /// The shortest delta for a file of the version that a node can use which holds `held`; nil when there is none shorter than the file.
  /// Throws when none could be made, for a reason that is worth knowing.
  func offer(
    for file: ModelManifest.File,
    holding held: [RepositoryEntry]
  ) async throws(CommandError) -> DeltaOffer? {
    guard file.bytes >= Self.leastBytes else { return nil }
    var best: DeltaOffer?
    var trouble: CommandError?
    for base in candidates(held).prefix(Self.mostBases) {
      guard let old = base.manifest.files.first(where: { $0.path == file.path }), old.bytes > 0 else { continue }
      let pair = Pair(base: old.sha256, result: file.sha256)
      switch await offer(pair, file.path, base) {
      case .success(nil): break
      case .success(let offer?): if offer.bytes < best?.bytes ?? .max { best = offer }
      case .failure(let error): trouble = error
      }
      // Others could hardly be worth their while.
      if let best, best.bytes <= file.bytes / 10 { break }
    }
    if best == nil, let trouble { throw trouble }
    return best
  }

  /// Whether a node that holds `held` may have a base for anything.
  func knows(_ held: [RepositoryEntry]) -> Bool { !candidates(held).isEmpty }

  /// What it serves first, then what it goes back to, then the newest.
  private func candidates(_ held: [RepositoryEntry]) -> [LocalModel] {
    let known = bases ?? Self.versions(beside: model)
    bases = known
    func rank(_ entry: RepositoryEntry) -> (Int, Int) {
      switch entry.role {
      case .active: (0, 0)
      case .previous: (1, 0)
      case .stored: (2, -entry.version.number)
      }
    }
    return held.sorted { rank($0) < rank($1) }.compactMap { known[$0.digest] }
  }

  private func offer(_ pair: Pair, _ path: String, _ base: LocalModel) async -> Result<DeltaOffer?, CommandError> {
    let model = model
    let task =
      made[pair]
      ?? Task {
        await OwnQueue.run { () throws(CommandError) in try DeltaOffer.make(path, of: model, against: base) }
      }
    made[pair] = task
    let result = await task.value
    if case .success(let offer?) = result { keep(pair, offer.bytes) }
    return result
  }

  private func keep(_ pair: Pair, _ bytes: UInt64) {
    kept.removeAll { $0.pair == pair }
    kept.append((pair, bytes))
    var total = kept.reduce(0) { $0 + $1.bytes }
    while total > Self.keptBytes, kept.count > 1 {
      let oldest = kept.removeFirst()
      made[oldest.pair] = nil
      total -= oldest.bytes
    }
  }

  private static func versions(beside model: LocalModel) -> [ModelDigest: LocalModel] {
    let folder = URL(fileURLWithPath: model.folder).standardizedFileURL
    guard Int(folder.lastPathComponent) != nil else { return [:] }
    let parent = folder.deletingLastPathComponent().path(percentEncoded: false)
    let source = FleetDefinition.ModelSource(name: model.version.name, path: parent)
    let found = ModelLibrary(reading: [source], root: "/").models.filter { $0.version != model.version }
    return Dictionary(found.map { ($0.manifest.digest, $0) }, uniquingKeysWith: { first, _ in first })
  }
}

/// Work that keeps a processor busy for seconds, one piece after the other, where it holds up nobody else.
private enum OwnQueue {
  private static let queue = DispatchQueue(label: "fleet.deltas", qos: .utility)

  static func run<Value: Sendable>(
    _ work: @escaping @Sendable () throws(CommandError) -> Value
  ) async -> Result<Value, CommandError> {
    await withCheckedContinuation { continuation in
      queue.async { continuation.resume(returning: Result { () throws(CommandError) in try work() }) }
    }
  }
}
