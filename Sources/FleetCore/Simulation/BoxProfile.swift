/// What a simulated box is made of. Boxes of a fleet are alike but never the same.
package struct BoxProfile: Sendable, Equatable {
  package enum Device: String, Sendable, CaseIterable {
    case npu, gpu, cpu
  }

  package var device: Device
  /// Requests per second at the peak of the day.
  package var peakRate: Double
  /// Median time of the accelerator for a request of the first version, in seconds.
  package var computeSeconds: Double
  package var idleWatts: Double
  package var fullWatts: Double
  /// Where it stands, and how much warmer each watt makes it in the end.
  package var roomCelsius: Double
  package var celsiusPerWatt: Double
  package var memoryBytes: Double
  package var diskBytes: Double
  package var diskFreeBytes: Double

  /// How many requests the accelerator computes at a time.
  package static let lanes = 2.0
  /// In seconds: after so long a box has done 63% of the way to its new temperature.
  package static let warmUpSeconds = 180.0

  package init(device: Device, seed: UInt64, name: NodeName) {
    var random = SplitMix64(seed: seed, stream: "profile \(name)")
    self.device = device
    peakRate = random.within(36...52)
    computeSeconds = random.within(0.0078...0.0102)
    let watts: (idle: ClosedRange<Double>, full: ClosedRange<Double>) =
      switch device {
      case .npu: (2.2...2.9, 9...12)
      case .gpu: (4.5...6, 21...27)
      case .cpu: (3.4...4.4, 15...19)
      }
    idleWatts = random.within(watts.idle)
    fullWatts = random.within(watts.full)
    roomCelsius = random.within(21...29)
    // At full power, 30 to 38 degrees above the room.
    celsiusPerWatt = random.within(30...38) / fullWatts
    memoryBytes = device == .gpu ? 17_179_869_184 : 8_589_934_592
    diskBytes = 63e9
    diskFreeBytes = random.within(22e9...48e9)
  }

  package var acceleratorName: String { "simulated \(device.rawValue.uppercased())" }
}
