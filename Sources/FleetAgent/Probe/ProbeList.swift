/// Every probe there is. Where two give the same quantity, the earlier one is believed.
package enum ProbeList {
  package static func all(files: SystemFiles, repository: String, agentPID: Int32) -> [any Probe] {
    [
      AgentProcessProbe(files: files, pid: agentPID),
      EngineProcessProbe(files: files),
      RAPLProbe(files: files),
      HwmonPowerProbe(files: files),
      HwmonTemperatureProbe(files: files),
      ThermalZoneProbe(files: files),
      ThrottleProbe(files: files),
      MemoryProbe(files: files),
      DiskProbe(files: files, path: repository),
    ]
  }
}
