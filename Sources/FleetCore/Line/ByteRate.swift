/// Bytes per second, as an operator writes it: `2MB/s`.
package struct ByteRate: Sendable, Equatable, CustomStringConvertible {
  package let bytesPerSecond: Double

  /// `2MB/s`, `500KB/s`, in powers of 1024 as all sizes here.
  package init(parsing text: String) throws(CommandError) {
    guard text.hasSuffix("/s"), let bytes = Quantity.bytes(String(text.dropLast(2))) else {
      throw CommandError(.invalid, "'\(text)' is not a rate; expected bytes per second, such as '2MB/s' or '500KB/s'")
    }
    guard bytes >= 1024 else {
      throw CommandError(.invalid, "'\(text)' would never end; the least is '1KB/s'")
    }
    bytesPerSecond = Double(bytes)
  }

  package init(bytesPerSecond: Double) {
    self.bytesPerSecond = bytesPerSecond
  }

  package var description: String { Quantity.text(bytes: Int(bytesPerSecond.rounded())) + "/s" }

  /// How long `bytes` take.
  package func duration(of bytes: UInt64) -> Duration { .seconds(Double(bytes) / bytesPerSecond) }
}
