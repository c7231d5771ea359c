import FleetCore
import FleetWire

/// What the agent's repository holds, and what may be served of it. No I/O.
struct ModelCatalog: Sendable {
  private(set) var entries: [CatalogEntry] = []
  /// Models that a client unloaded.
  private(set) var unloaded: Set<String> = []
  private var loading: Set<ModelVersion> = []
  private var problems: [ModelVersion: String] = [:]

  mutating func replace(_ entries: [CatalogEntry]) {
    self.entries = entries.sorted { $0.version < $1.version }
    let known = Set(entries.map(\.version))
    problems = problems.filter { known.contains($0.key) }
    unloaded.formIntersection(entries.map(\.version.name))
  }

  var names: Set<String> { Set(entries.map(\.version.name)) }

  func active(of name: String) -> CatalogEntry? {
    entries.first { $0.version.name == name && $0.isActive }
  }

  /// Versions that answer to their number beside the active one, the newest first.
  func wantedBesides(_ name: String) -> [CatalogEntry] {
    guard !unloaded.contains(name) else { return [] }
    return entries.filter { $0.version.name == name && isWantedBeside($0.version) }.reversed()
  }

  /// Whether a version answers to its number when it is not the active one.
  func isWantedBeside(_ version: ModelVersion) -> Bool {
    guard !unloaded.contains(version.name), let entry = entries.first(where: { $0.version == version }),
      entry.problem == nil
    else { return false }
    switch entry.options.versions {
    case .latest: return false
    case .all: return true
    case .listed(let numbers): return numbers.contains(version.number)
    }
  }

  mutating func beganLoading(_ version: ModelVersion) {
    loading.insert(version)
    problems[version] = nil
  }

  /// `problem` is nil when the version is served now.
  mutating func finishedLoading(_ version: ModelVersion, problem: String?) {
    loading.remove(version)
    problems[version] = problem
    if problem == nil { unloaded.remove(version.name) }
  }

  mutating func unload(_ name: String) { unloaded.insert(name) }

  /// A client or the agent wants the model back.
  mutating func readmit(_ name: String) { unloaded.remove(name) }

  /// Every version of the repository, and what is served though the repository does not name it.
  func index(served: [ModelVersion]) -> [RepositoryIndexEntry] {
    let versions = Set(entries.map(\.version)).union(served)
    return versions.sorted().map { version in
      let (state, reason) = state(of: version, isServed: served.contains(version))
      return RepositoryIndexEntry(name: version.name, version: version.number, state: state, reason: reason)
    }
  }

  private func state(of version: ModelVersion, isServed: Bool) -> (RepositoryIndexEntry.State, String) {
    if isServed { return (.ready, "") }
    if loading.contains(version) { return (.loading, "") }
    let entry = entries.first { $0.version == version }
    if let problem = problems[version] ?? entry?.problem { return (.unavailable, problem) }
    if unloaded.contains(version.name) { return (.unavailable, "unloaded") }
    return (.unavailable, entry?.isActive == true ? "not loaded yet" : "not the active version")
  }
}
