package import FleetCore

/// What an engine was at, in memory that it shares with its agent: there to be read when the engine is gone.
///
/// `slots` places of `slotBytes` each; a place holds the length of a version's text such as `tag-reader@3` in its first byte, 0 when there
/// is nothing, and then the text. The first place is for what is being loaded, the others for what is being computed.
package struct FlightRecord: Sendable, Equatable {
  package static let slotBytes = 128
  package static let slots = 64
  package static let bytes = slotBytes * slots

  package var loading: ModelVersion?
  /// Each once, though it may be computed several times at once.
  package var computing: [ModelVersion]

  package init(loading: ModelVersion? = nil, computing: [ModelVersion] = []) {
    self.loading = loading
    self.computing = computing
  }

  /// A process that dies at any instant leaves any bytes: what makes no sense is left out.
  package init(bytes: [UInt8]) {
    let found = stride(from: 0, to: bytes.count - Self.slotBytes + 1, by: Self.slotBytes).map { start in
      Self.version(bytes[start..<(start + Self.slotBytes)])
    }
    loading = found.first ?? nil
    computing = Set(found.dropFirst().compactMap { $0 }).sorted()
  }

  private static func version(_ slot: ArraySlice<UInt8>) -> ModelVersion? {
    guard let length = slot.first, length > 0, length < slotBytes else { return nil }
    return ModelVersion(String(decoding: slot.dropFirst().prefix(Int(length)), as: UTF8.self))
  }
}
