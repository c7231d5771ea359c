import FleetWire
import Glibc

/// Notes in memory shared with the agent what is being loaded and computed. A crash cannot take that with it.
///
/// Sendable because each place has one writer at a time: the loader's thread the first, whoever holds the lock of `ComputeWatch` the others.
@safe package final class FlightRecorder: @unchecked Sendable {
  private let base: UnsafeMutablePointer<UInt8>

  /// Takes over `descriptor`, which has room for `FlightRecord.bytes`; nil when it cannot be mapped.
  package init?(descriptor: Int32) {
    let mapped = unsafe mmap(nil, FlightRecord.bytes, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0)
    close(descriptor)
    guard let mapped = unsafe mapped, unsafe mapped != UnsafeMutableRawPointer(bitPattern: -1) else { return nil }
    unsafe base = unsafe mapped.assumingMemoryBound(to: UInt8.self)
  }

  deinit {
    unsafe munmap(base, FlightRecord.bytes)
  }

  /// `label` is a version's text, or empty when loading has ended.
  func loads(_ label: [UInt8]) {
    note(label, in: 0)
  }

  /// What is computed at `place` from now on; empty when nothing is. Places beyond the record's are not noted.
  func computes(_ label: [UInt8], at place: Int) {
    guard place + 1 < FlightRecord.slots else { return }
    note(label, in: place + 1)
  }

  private func note(_ label: [UInt8], in slot: Int) {
    guard label.count < FlightRecord.slotBytes else { return }
    let start = unsafe base + slot * FlightRecord.slotBytes
    // The length comes last, so that a reader never sees half a text under it.
    unsafe start.pointee = 0
    for (index, byte) in label.enumerated() { unsafe start[index + 1] = byte }
    unsafe start.pointee = UInt8(label.count)
  }
}
