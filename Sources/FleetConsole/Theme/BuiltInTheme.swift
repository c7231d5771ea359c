internal import Terminal

extension Theme {
  /// The theme that needs no file: what `themes/midnight.yaml` says as well.
  package static let midnight = Theme(
    name: "midnight",
    colors: [
      .background: hex(0x11151C), .selection: hex(0x24344C),
      .text: hex(0xD5DAE3), .muted: hex(0x959FB0), .border: hex(0x465066), .title: hex(0xF2F5FA), .key: hex(0x7CC4FF),
      .ok: hex(0x7BD88F), .warning: hex(0xF2C14E), .critical: hex(0xFF8A80), .stale: hex(0xAAA096),
      .accent: hex(0xC9AEFF),
      .chart1: hex(0x5EC8E5), .chart2: hex(0xF29E4C), .chart3: hex(0xA3D977),
    ]
  )

  static func hex(_ value: UInt32) -> Color {
    .rgb(
      red: UInt8(value >> 16 & 0xFF),
      green: UInt8(value >> 8 & 0xFF),
      blue: UInt8(value & 0xFF)
    )
  }
}
