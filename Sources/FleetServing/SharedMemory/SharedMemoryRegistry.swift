package import NIOCore
import Synchronization

/// POSIX shared memory that clients on this machine have lent us for their tensors (Triton's system shared memory extension).
package final class SharedMemoryRegistry: Sendable {
  package struct Region: Sendable, Equatable {
    /// What requests call it.
    package var name: String
    /// The object's name for `shm_open`.
    package var key: String
    /// Where in the object it begins, in bytes.
    package var offset: Int
    /// Its length in bytes.
    package var byteSize: Int

    package init(name: String, key: String, offset: Int, byteSize: Int) {
      self.name = name
      self.key = key
      self.offset = offset
      self.byteSize = byteSize
    }
  }

  /// A part of a region, as tensors name it.
  package struct Slice: Sendable, Equatable {
    package var region: String
    /// From the region's beginning, in bytes.
    package var offset: Int
    package var byteSize: Int

    package init(region: String, offset: Int, byteSize: Int) {
      self.region = region
      self.offset = offset
      self.byteSize = byteSize
    }
  }

  private struct Entry {
    let region: Region
    /// Closed when the region is forgotten and no request uses it.
    let object: SharedMemoryObject
  }

  /// Each holds a file open.
  package static let maximumRegions = 128
  package static let maximumTotalBytes = 64 << 30
  /// The most that one tensor may take: it is copied.
  package static let maximumTensorBytes = 256 << 20
  private static let maximumName = 256

  private let entries = Mutex<[String: Entry]>([:])
  private let longest = Atomic(0)

  package init() {}

  /// The length of the longest region in bytes; 0 when there is none.
  package var longestRegion: Int { longest.load(ordering: .relaxed) }

  /// Whether `body` may name a region. The word for it is looked for, not read: a call that uses none may be taken for one that does.
  package func mayBeNamed(in body: some Collection<UInt8>) -> Bool {
    longestRegion > 0 && body.firstRange(of: "shared_memory_region".utf8) != nil
  }

  /// By name; the one named `name` when that is not nil. Throws `.notFound`.
  package func status(_ name: String? = nil) throws(ServingError) -> [Region] {
    guard let name else {
      return entries.withLock { $0.values.map(\.region) }.sorted { $0.name < $1.name }
    }
    guard let entry = entries.withLock({ $0[name] }) else { throw Self.unknown(name, .notFound) }
    return [entry.region]
  }

  /// Throws `.invalid` when the region is registered already, or not there in that length.
  package func register(_ region: Region) throws(ServingError) {
    let name = "shared memory region \(ServingError.quote(region.name))"
    guard !region.name.isEmpty, region.name.utf8.count <= Self.maximumName else {
      throw ServingError(.invalid, "\(name): expected a name of 1 to \(Self.maximumName) bytes")
    }
    guard region.offset >= 0, region.byteSize > 0 else {
      throw ServingError(.invalid, "\(name): expected an offset of 0 or more and a byte_size of 1 or more")
    }
    let object = try SharedMemoryObject(opening: region.key)
    let size = object.size
    guard region.offset <= size, region.byteSize <= size - region.offset else {
      throw ServingError(
        .invalid,
        "\(name): \(region.byteSize) bytes at offset \(region.offset) are more than the \(size) bytes of "
          + "\(ServingError.quote(region.key))"
      )
    }
    let problem = entries.withLock { entries -> String? in
      if entries[region.name] != nil { return "\(name) is registered already: unregister it first" }
      guard entries.count < Self.maximumRegions else { return "\(Self.maximumRegions) regions are registered already" }
      let total = entries.values.reduce(0) { $0 + $1.region.byteSize }
      guard region.byteSize <= Self.maximumTotalBytes - total else {
        return "\(name): all regions together may have \(Self.maximumTotalBytes) bytes"
      }
      entries[region.name] = Entry(region: region, object: object)
      measure(entries)
      return nil
    }
    if let problem { throw ServingError(.invalid, problem) }
  }

  /// Forgets `name`, or all when nil. A region that is not there is no error.
  package func unregister(_ name: String?) {
    // Closed after the lock is given back.
    let former = entries.withLock { entries in
      let former = entries
      if let name { entries[name] = nil } else { entries = [:] }
      measure(entries)
      return former
    }
    _ = former
  }

  /// The bytes of an input. Throws `.invalid`.
  package func read(_ name: String, offset: Int, byteSize: Int) throws(ServingError) -> ByteBuffer {
    let entry = try entry(Slice(region: name, offset: offset, byteSize: byteSize))
    guard byteSize <= Self.maximumTensorBytes else {
      throw ServingError(.tooLarge, "a tensor in shared memory may have \(Self.maximumTensorBytes) bytes at most")
    }
    guard let bytes = entry.object.read(at: entry.region.offset + offset, count: byteSize) else {
      throw Self.shortened(entry.region)
    }
    return bytes
  }

  /// Puts an output's bytes where the caller wants them. Throws `.invalid` when they do not fit into `byteSize`.
  package func write(_ bytes: ByteBuffer, to name: String, offset: Int, byteSize: Int) throws(ServingError) {
    let entry = try entry(Slice(region: name, offset: offset, byteSize: byteSize))
    guard bytes.readableBytes <= byteSize else {
      throw ServingError(
        .invalid,
        "an output of \(bytes.readableBytes) bytes does not fit into the \(byteSize) bytes meant for it in shared "
          + "memory region '\(name)'"
      )
    }
    guard entry.object.write(bytes, at: entry.region.offset + offset) else { throw Self.shortened(entry.region) }
  }

  private func entry(_ slice: Slice) throws(ServingError) -> Entry {
    guard let entry = entries.withLock({ $0[slice.region] }) else { throw Self.unknown(slice.region, .invalid) }
    let size = entry.region.byteSize
    guard slice.offset >= 0, slice.byteSize >= 0, slice.offset <= size, slice.byteSize <= size - slice.offset else {
      throw ServingError(
        .invalid,
        "\(slice.byteSize) bytes at offset \(slice.offset) are more than the \(size) bytes of shared memory region "
          + "'\(slice.region)'"
      )
    }
    return entry
  }

  private func measure(_ entries: [String: Entry]) {
    longest.store(entries.values.map(\.region.byteSize).max() ?? 0, ordering: .relaxed)
  }

  private static func unknown(_ name: String, _ kind: ServingError.Kind) -> ServingError {
    ServingError(kind, "no shared memory region \(ServingError.quote(name)) is registered")
  }

  private static func shortened(_ region: Region) -> ServingError {
    ServingError(.invalid, "shared memory region '\(region.name)' has become shorter than it was registered")
  }
}
