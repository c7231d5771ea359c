import FleetCore

/// The box and its processes, under Triton's names where it has one.
extension MetricsSource {
  func addMachine(to page: inout MetricsPage) {
    addProcesses(to: &page)
    guard !isStale else { return }
    let cpu = frame.accelerators.filter { $0.kind == "cpu" }
    page.add(
      "nv_cpu_utilization",
      .gauge,
      "Part of all cores that the engine keeps busy, 0 to 1",
      cpu.prefix(1).flatMap { samples($0.utilization) }
    )
    page.add("nv_cpu_memory_total_bytes", .gauge, "Memory of the box", samples(frame.memoryTotalBytes))
    page.add("nv_cpu_memory_used_bytes", .gauge, "Memory of the box in use", samples(frame.memoryUsedBytes))
    page.add("fleet_disk_free_bytes", .gauge, "Space left for the model repository", samples(frame.diskFreeBytes))
    addGPUs(to: &page)
  }

  /// Only what is measured: a GPU's power has no estimate in Triton's dashboards.
  private func addGPUs(to page: inout MetricsPage) {
    func add(_ name: String, _ kind: MetricsPage.Kind, _ help: String, _ reading: (AcceleratorReadings) -> Reading) {
      let samples = frame.accelerators.enumerated().filter { $0.element.kind == "gpu" }.flatMap { index, accelerator in
        let reading = reading(accelerator)
        return reading.isEstimate ? [] : self.samples(reading, [("gpu_uuid", "\(index)")])
      }
      page.add(name, kind, help, samples)
    }
    add("nv_gpu_utilization", .gauge, "Part of the GPU in use, 0 to 1") { $0.utilization }
    add("nv_gpu_memory_total_bytes", .gauge, "Memory of the GPU") { $0.memoryTotalBytes }
    add("nv_gpu_memory_used_bytes", .gauge, "Memory of the GPU in use") { $0.memoryUsedBytes }
    add("nv_gpu_power_usage", .gauge, "Power that the GPU draws, in watts") { $0.watts }
    add("nv_energy_consumption", .namedCounter, "Energy that the GPU used since the agent started, in joules") {
      $0.joules
    }
  }

  private func addProcesses(to page: inout MetricsPage) {
    let processes = [("agent", frame.agent), ("engine", frame.engine.process)]
    // Of the engine that runs now: not a counter.
    func add(_ name: String, _ help: String, _ reading: (ProcessReadings) -> Reading) {
      guard !isStale else { return }
      page.add(name, .gauge, help, processes.flatMap { samples(reading($0.1), [("process", $0.0)]) })
    }
    add("fleet_process_cpu_seconds", "CPU time of the process that runs now, since its start") { $0.cpuSeconds }
    add("fleet_process_resident_memory_bytes", "Memory of the process that runs now") { $0.residentBytes }
  }
}
