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

  private let regions = Mutex<[String: Region]>([:])

  package init() {}

  /// By name; those named `name` when that is not nil. Throws `.notFound`.
  package func status(_ name: String? = nil) throws(ServingError) -> [Region] {
    let all = regions.withLock { $0 }
    guard let name else { return all.values.sorted { $0.name < $1.name } }
    guard let region = all[name] else {
      throw ServingError(.notFound, "no shared memory region \(ServingError.quote(name)) is registered")
    }
    return [region]
  }

  /// Maps the region. Throws `.invalid` when it is registered already, or not there in that length.
  package func register(_ region: Region) throws(ServingError) {
    throw ServingError(.unsupported, "shared memory is not supported")
  }

  /// Forgets `name`, or all when nil. A region that is not there is no error.
  package func unregister(_ name: String?) {
    regions.withLock { regions in
      if let name { regions[name] = nil } else { regions = [:] }
    }
  }

  /// The bytes of an input. Throws `.invalid`.
  package func read(_ name: String, offset: Int, byteSize: Int) throws(ServingError) -> ByteBuffer {
    throw ServingError(.unsupported, "shared memory is not supported")
  }

  /// Puts an output's bytes where the caller wants them. Throws `.invalid` when they do not fit into `byteSize`.
  package func write(_ bytes: ByteBuffer, to name: String, offset: Int, byteSize: Int) throws(ServingError) {
    throw ServingError(.unsupported, "shared memory is not supported")
  }
}
