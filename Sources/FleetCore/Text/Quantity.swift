/// Values with their units, as people write them: `50ms`, `1%`, `85C`.
package enum Quantity {
  /// `100ms`, `5s`, `2m`, `1h`, `500us`; not negative. Nil when it is anything else.
  package static func duration(_ text: String) -> Duration? {
    guard let (value, unit) = split(text) else { return nil }
    let seconds: Double
    switch unit {
    case "us": seconds = value / 1_000_000
    case "ms": seconds = value / 1000
    case "s": seconds = value
    case "m", "min": seconds = value * 60
    case "h": seconds = value * 3600
    case "d": seconds = value * 86400
    default: return nil
    }
    return seconds <= 31_536_000 ? .microseconds(Int64((seconds * 1_000_000).rounded())) : nil
  }

  /// `1%` as 0.01; 0% to 100%.
  package static func fraction(_ text: String) -> Double? {
    guard let (value, unit) = split(text), unit == "%", value <= 100 else { return nil }
    return value / 100
  }

  /// `85C`, in degrees Celsius, up to 200.
  package static func celsius(_ text: String) -> Double? {
    guard let (value, unit) = split(text), unit == "C" || unit == "°C", value <= 200 else { return nil }
    return value
  }

  /// `15W`, in watts, up to 10 kW.
  package static func watts(_ text: String) -> Double? {
    guard let (value, unit) = split(text), unit == "W", value <= 10_000 else { return nil }
    return value
  }

  /// `64MB`, `32KB`, `1GB`, `512B`, in powers of 1024, whole bytes up to 2^50.
  package static func bytes(_ text: String) -> Int? {
    guard let (value, unit) = split(text) else { return nil }
    let units = ["B": 1.0, "KB": 1024.0, "MB": 1_048_576.0, "GB": 1_073_741_824.0]
    guard let factor = units[unit], value * factor <= 1.125e15 else { return nil }
    return Int((value * factor).rounded())
  }

  /// Shortest text that `bytes` reads back.
  package static func text(bytes: Int) -> String {
    let units = [(1 << 30, "GB"), (1 << 20, "MB"), (1 << 10, "KB")]
    for (size, unit) in units where bytes >= size && bytes % size == 0 { return "\(bytes / size)\(unit)" }
    return "\(bytes)B"
  }

  /// Shortest text that `duration` reads back: `50ms`, `10s`, `1.5s`.
  package static func text(_ duration: Duration) -> String {
    let microseconds = duration.microseconds
    if microseconds < 1000 { return "\(microseconds)us" }
    if microseconds < 1_000_000 { return "\(decimal(Double(microseconds) / 1000))ms" }
    let seconds = Double(microseconds) / 1_000_000
    if seconds >= 3600, seconds.truncatingRemainder(dividingBy: 3600) == 0 { return "\(Int(seconds) / 3600)h" }
    if seconds >= 60, seconds.truncatingRemainder(dividingBy: 60) == 0 { return "\(Int(seconds) / 60)m" }
    return "\(decimal(seconds))s"
  }

  private static func decimal(_ value: Double) -> String {
    value == value.rounded() ? String(Int(value)) : String(value)
  }

  private static func split(_ text: String) -> (value: Double, unit: String)? {
    let digits = text.prefix { $0.isASCII && $0.isNumber || $0 == "." }
    guard !digits.isEmpty, digits != ".", let value = Double(digits), value.isFinite else { return nil }
    return (value, String(text.dropFirst(digits.count)))
  }
}

extension Duration {
  package var seconds: Double {
    Double(components.seconds) + Double(components.attoseconds) / 1e18
  }

  package var milliseconds: Double { seconds * 1000 }

  package var microseconds: Int64 {
    components.seconds * 1_000_000 + components.attoseconds / 1_000_000_000_000
  }
}
