internal import FleetCore
internal import FoundationEssentials

/// Numbers for people: as many digits as say something, always as wide as their column expects.
enum Format {
  static let absent = "–"

  static func fixed(_ value: Double, _ decimals: Int) -> String {
    guard value.isFinite else { return absent }
    var scale = 1.0
    for _ in 0..<decimals { scale *= 10 }
    let scaled = (value.magnitude * scale).rounded()
    guard scaled < 1e15 else { return "\(value)" }
    let whole = Int(scaled)
    let sign = value < 0 && whole != 0 ? "-" : ""
    guard decimals > 0 else { return "\(sign)\(whole)" }
    let fraction = String(whole % Int(scale))
    return "\(sign)\(whole / Int(scale)).\(String(repeating: "0", count: decimals - fraction.count))\(fraction)"
  }

  /// `1.2`, `98.0`, `412`, `12.3k`.
  static func number(_ value: Double?) -> String {
    guard let value else { return absent }
    if value.magnitude >= 99_950 { return fixed(value / 1000, 0) + "k" }
    if value.magnitude >= 9_999.5 { return fixed(value / 1000, 1) + "k" }
    return fixed(value, value.magnitude < 99.95 ? 1 : 0)
  }

  /// Requests per second: whole from 10 on.
  static func rate(_ value: Double?) -> String {
    guard let value else { return absent }
    return value.magnitude < 9.95 ? fixed(value, 1) : value < 9_999.5 ? fixed(value, 0) : number(value)
  }

  static func reading(_ reading: Reading, _ text: (Double) -> String) -> String {
    guard let value = reading.value else { return absent }
    return (reading.isEstimate ? "~" : "") + text(value)
  }

  /// What follows a sum that lacks the part of some nodes, such as ` (5/6)`; nothing after a whole one or where there is none.
  static func coverage(_ coverage: Aggregate.Coverage) -> String {
    coverage.isWhole || coverage.known == 0 ? "" : " (\(coverage.known)/\(coverage.all))"
  }

  /// What stands before it where there is no room for more.
  static func bound(_ coverage: Aggregate.Coverage) -> String {
    coverage.isWhole || coverage.known == 0 ? "" : "≥"
  }

  static func percent(_ value: Double) -> String { fixed(value * 100, 0) + "%" }

  /// Decimal units, as disks are sold.
  static func bytes(_ value: Double) -> String {
    let units = ["B", "KB", "MB", "GB", "TB"]
    var value = value
    var unit = 0
    while value.magnitude >= 999.5, unit < units.count - 1 {
      value /= 1000
      unit += 1
    }
    return "\(fixed(value, unit == 0 || value.magnitude >= 99.95 ? 0 : 1)) \(units[unit])"
  }

  /// `0s`, `59s`, `12m`, `3h`, `2d`.
  static func age(_ seconds: Double?) -> String {
    guard let seconds else { return absent }
    let whole = Int(max(0, min(seconds, 1e9)))
    switch whole {
    case ..<100: return "\(whole)s"
    case ..<6000: return "\(whole / 60)m"
    case ..<172_800: return "\(whole / 3600)h"
    default: return "\(whole / 86_400)d"
    }
  }

  /// `12,345`
  static func count(_ value: UInt64) -> String {
    var digits = Array(String(value))
    var index = digits.count - 3
    while index > 0 {
      digits.insert(",", at: index)
      index -= 3
    }
    return String(digits)
  }

  /// `14:02:11` that many seconds east of UTC.
  static func clock(_ date: Date, utcOffset: Int) -> String {
    let seconds = Int(date.timeIntervalSince1970.rounded(.down)) + utcOffset
    let day = ((seconds % 86_400) + 86_400) % 86_400
    func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
    return "\(two(day / 3600)):\(two(day / 60 % 60)):\(two(day % 60))"
  }
}
