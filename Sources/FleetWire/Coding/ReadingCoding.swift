import FleetCore

extension Fleet_V1_Reading {
  init(_ reading: Reading) {
    self.init()
    switch reading {
    case .measured(let value) where value.magnitude <= WireValue.maximumMagnitude: measured = value
    case .estimated(let value) where value.magnitude <= WireValue.maximumMagnitude: estimated = value
    case .measured(let value), .estimated(let value): absent = "the probe computed \(value)"
    case .absent(let reason): absent = WireValue.shortened(reason)
    }
  }
}

extension Reading {
  init(wire: Fleet_V1_Reading, _ field: String) throws(CommandError) {
    switch wire.kind {
    case .measured(let value): self = .measured(try WireValue.number(value, field))
    case .estimated(let value): self = .estimated(try WireValue.number(value, field))
    case .absent(let reason): self = .absent(try WireValue.text(reason, field))
    case nil: throw WireValue.wrong(field, "neither a value nor a reason for its absence")
    }
  }
}

extension Fleet_V1_ProcessReadings {
  init(_ process: ProcessReadings) {
    self.init()
    pid = process.pid
    cpuSeconds = Fleet_V1_Reading(process.cpuSeconds)
    residentBytes = Fleet_V1_Reading(process.residentBytes)
  }
}

extension ProcessReadings {
  init(wire: Fleet_V1_ProcessReadings, _ field: String) throws(CommandError) {
    self.init(
      pid: wire.pid,
      cpuSeconds: try Reading(wire: wire.cpuSeconds, "\(field).cpu_seconds"),
      residentBytes: try Reading(wire: wire.residentBytes, "\(field).resident_bytes")
    )
  }
}

extension Fleet_V1_AcceleratorReadings {
  init(_ accelerator: AcceleratorReadings) {
    self.init()
    kind = WireValue.shortened(accelerator.kind)
    name = WireValue.shortened(accelerator.name)
    utilization = Fleet_V1_Reading(accelerator.utilization)
    watts = Fleet_V1_Reading(accelerator.watts)
    joules = Fleet_V1_Reading(accelerator.joules)
    celsius = Fleet_V1_Reading(accelerator.celsius)
    memoryUsedBytes = Fleet_V1_Reading(accelerator.memoryUsedBytes)
    memoryTotalBytes = Fleet_V1_Reading(accelerator.memoryTotalBytes)
  }
}

extension AcceleratorReadings {
  init(wire: Fleet_V1_AcceleratorReadings, _ field: String) throws(CommandError) {
    self.init(
      kind: try WireValue.text(wire.kind, "\(field).kind"),
      name: try WireValue.text(wire.name, "\(field).name"),
      utilization: try Reading(wire: wire.utilization, "\(field).utilization"),
      watts: try Reading(wire: wire.watts, "\(field).watts"),
      joules: try Reading(wire: wire.joules, "\(field).joules"),
      celsius: try Reading(wire: wire.celsius, "\(field).celsius"),
      memoryUsedBytes: try Reading(wire: wire.memoryUsedBytes, "\(field).memory_used_bytes"),
      memoryTotalBytes: try Reading(wire: wire.memoryTotalBytes, "\(field).memory_total_bytes")
    )
  }
}
