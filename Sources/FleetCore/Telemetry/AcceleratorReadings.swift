/// What is known of one accelerator now.
package struct AcceleratorReadings: Sendable, Equatable {
  /// `cpu`, `gpu` or `npu`.
  package var kind: String
  /// The maker's name for it.
  package var name: String
  /// Part of the accelerator that our engine keeps busy, 0 to 1. For a CPU: the engine's CPU time over all cores.
  package var utilization: Reading
  package var watts: Reading
  /// Energy used since the agent started.
  package var joules: Reading
  package var celsius: Reading
  package var memoryUsedBytes: Reading
  package var memoryTotalBytes: Reading

  package init(
    kind: String,
    name: String,
    utilization: Reading = .absent("not sampled yet"),
    watts: Reading = .absent("not sampled yet"),
    joules: Reading = .absent("not sampled yet"),
    celsius: Reading = .absent("not sampled yet"),
    memoryUsedBytes: Reading = .absent("not sampled yet"),
    memoryTotalBytes: Reading = .absent("not sampled yet")
  ) {
    self.kind = kind
    self.name = name
    self.utilization = utilization
    self.watts = watts
    self.joules = joules
    self.celsius = celsius
    self.memoryUsedBytes = memoryUsedBytes
    self.memoryTotalBytes = memoryTotalBytes
  }
}
