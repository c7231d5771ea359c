package import FleetCore
import NIOCore

extension HTTPLimits {
  /// A buffer's length is counted in 32 bits.
  private static let largestBuffer = 1 << 31

  /// The defaults, but for what an operator set.
  package init(_ limits: ServingLimits) {
    self.init()
    if let bytes = limits.bodyBytes {
      bodyBytes = bytes
      totalBodyBytes = max(totalBodyBytes, bytes)
    }
    if let bytes = limits.totalBodyBytes {
      totalBodyBytes = bytes
      bodyBytes = min(bodyBytes, bytes)
    }
    if let bytes = limits.decompressedBytes { decompressedBytes = min(bytes, Self.largestBuffer) }
    bodyBytes = min(bodyBytes, Self.largestBuffer)
    if let bytes = limits.headBytes { headBytes = bytes }
    if let count = limits.connections { connections = Self.affordableConnections(count) }
    if let time = limits.stall { stall = .microseconds(time.microseconds) }
    if let time = limits.idle { idle = .microseconds(time.microseconds) }
  }
}
