package import FleetCore

/// One source of readings: a file of the system, a sensor. A new one is a new file here and a line in `ProbeList`.
///
/// A probe reads files through `SystemFiles` and nothing else: it runs no program and opens no network connection. It says what it could not
/// read and why; it never puts a zero in the place of the unknown.
package protocol Probe: Sendable {
  /// As frames report on it.
  var name: String { get }

  /// Takes readings now. What was read before may be kept, to make rates.
  mutating func sample(_ moment: ProbeMoment) -> ProbeFindings
}

package struct ProbeMoment: Sendable, Equatable {
  /// On a clock that never goes back.
  package var seconds: Double
  package var enginePID: Int32?

  package init(seconds: Double, enginePID: Int32? = nil) {
    self.seconds = seconds
    self.enginePID = enginePID
  }
}

/// What there is to know of a node. Units: seconds, bytes, watts, joules, degrees Celsius, shares of 1.
package enum ProbedQuantity: Sendable, Hashable, CaseIterable {
  case agentCPUSeconds
  case agentResidentBytes
  case engineCPUSeconds
  case engineResidentBytes
  /// Part of all cores that the engine keeps busy.
  case engineUtilization
  case watts
  /// Since the probe began.
  case joules
  case celsius
  /// How often heat slowed the processor down, since the machine was switched on.
  case throttles
  case memoryUsedBytes
  case memoryTotalBytes
  case diskFreeBytes

  /// What a sensor that works can say.
  var plausible: ClosedRange<Double> {
    switch self {
    case .watts: 0...10_000
    case .celsius: -60...200
    case .engineUtilization: 0...1
    default: 0...Double.greatestFiniteMagnitude
    }
  }
}

package struct ProbeFindings: Sendable, Equatable {
  package private(set) var readings: [ProbedQuantity: Reading] = [:]
  /// What went wrong, as opposed to what this machine does not have.
  package private(set) var problems: [String] = []

  package init() {}

  package subscript(quantity: ProbedQuantity) -> Reading? {
    get { readings[quantity] }
    set { readings[quantity] = newValue.map { Self.checked($0, as: quantity) } }
  }

  /// Runs `read` and turns its failure into the absence of `quantity` and a problem.
  mutating func take(_ quantity: ProbedQuantity, _ read: () throws(ProbeError) -> Reading) {
    do {
      self[quantity] = try read()
    } catch {
      self[quantity] = .absent("\(error)")
      note("\(error)")
    }
  }

  mutating func note(_ problem: String) {
    if !problems.contains(problem) { problems.append(problem) }
  }

  private static func checked(_ reading: Reading, as quantity: ProbedQuantity) -> Reading {
    guard let value = reading.value else { return reading }
    return quantity.plausible.contains(value) ? reading : .impossible("\(value)")
  }
}
