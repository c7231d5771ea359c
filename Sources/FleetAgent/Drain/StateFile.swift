import FoundationEssentials

/// A small JSON file in the agent's state folder, replaced whole or not at all. On a thread of its own, since disks block.
actor StateFile<Value: Codable & Sendable> {
  private let path: String
  private let disk: Disk
  private let executor: ThreadExecutor

  init(path: String, disk: Disk = Disk()) throws {
    executor = try ThreadExecutor(name: "state-file")
    self.path = path
    self.disk = disk
  }

  nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe executor.asUnownedSerialExecutor() }

  /// Nil when there is no file.
  func load() throws -> Value? {
    try disk.contents(of: path, limit: 1 << 20).map { try JSONDecoder().decode(Value.self, from: Data($0)) }
  }

  func save(_ value: Value) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
    try disk.replace(path, with: Array(try encoder.encode(value)))
  }
}
