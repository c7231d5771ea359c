/// A disk that is almost full takes no new version; one that is full keeps no state either.
struct DiskRule: Rule {
  private let almost: Double
  private let full: Double
  private var almostWatch = LimitWatch(Hysteresis(degradedAfter: 10, clearAfter: 10))
  private var fullWatch = LimitWatch(Hysteresis(degradedAfter: .infinity, faultyAfter: 10, clearAfter: 10))

  init(limits: HealthLimits) {
    almost = Double(limits.diskFreeBytes)
    full = almost / 10
  }

  mutating func judge(_ sample: HealthSample) -> [Finding] {
    almostWatch.update(sample.diskFreeBytes.value.map { measure($0, limit: almost) }, at: sample)
    fullWatch.update(sample.diskFreeBytes.value.map { measure($0, limit: full) }, at: sample)
    let watch = fullWatch.level > .healthy ? fullWatch : almostWatch
    return [watch.finding(.disk, doubt: "no reading since", at: sample)].compactMap(\.self)
  }

  private func measure(_ bytes: Double, limit: Double) -> LimitWatch.Measure {
    let text = "\(Self.gigabytes(bytes)) free"
    return LimitWatch.Measure(
      bytes.isNaN ? .unknown : bytes < limit ? .over : bytes > 1.2 * limit ? .clear : .between,
      value: bytes / Self.gigabyte,
      limit: limit / Self.gigabyte,
      unit: "GB",
      now: "the disk has \(text), under \(Self.gigabytes(limit)),",
      before: "the disk had less than \(Self.gigabytes(limit)) free",
      text: text
    )
  }

  /// As limits are written: `1GB` is 2^30.
  private static let gigabyte = Double(1 << 30)

  private static func gigabytes(_ bytes: Double) -> String {
    bytes < gigabyte
      ? "\(HealthText.rounded(bytes / Double(1 << 20))) MB" : "\(HealthText.rounded(bytes / gigabyte)) GB"
  }
}
