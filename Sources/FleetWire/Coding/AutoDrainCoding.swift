import FleetCore
import FoundationEssentials

extension Fleet_V1_AutoDrainStatus {
  init(_ status: AutoDrainStatus) {
    self.init()
    switch status.mode {
    case .off: mode = .off
    case .shadow: mode = .shadow
    case .on: mode = .on
    }
    switch status.stage {
    case .watching: stage = .watching
    case .wouldDrain: stage = .wouldDrain
    case .refused: stage = .refused
    case .draining: stage = .draining
    case .probation: stage = .probation
    case .held: stage = .held
    }
    text = WireValue.shortened(status.text)
    if let date = status.since { since = date.wireNanoseconds }
    if let date = status.askingSince { askingSince = date.wireNanoseconds }
  }
}

extension AutoDrainStatus {
  init(wire: Fleet_V1_AutoDrainStatus) throws(CommandError) {
    let mode: Mode
    switch wire.mode {
    case .off: mode = .off
    case .shadow: mode = .shadow
    case .on: mode = .on
    case .unspecified, .UNRECOGNIZED: throw WireValue.wrong("auto_drain.mode", "unknown value \(wire.mode.rawValue)")
    }
    let stage: Stage
    switch wire.stage {
    case .watching: stage = .watching
    case .wouldDrain: stage = .wouldDrain
    case .refused: stage = .refused
    case .draining: stage = .draining
    case .probation: stage = .probation
    case .held: stage = .held
    case .unspecified, .UNRECOGNIZED: throw WireValue.wrong("auto_drain.stage", "unknown value \(wire.stage.rawValue)")
    }
    self.init(
      mode: mode,
      stage: stage,
      text: try WireValue.text(wire.text, "auto_drain.text"),
      since: wire.hasSince ? Date(wireNanoseconds: wire.since) : nil,
      askingSince: wire.hasAskingSince ? Date(wireNanoseconds: wire.askingSince) : nil
    )
  }
}

extension Fleet_V1_ModelCapacity {
  init(_ capacity: ModelCapacity) {
    self.init()
    model = capacity.model
    perSecond = Fleet_V1_Reading(capacity.perSecond)
    load = Fleet_V1_Reading(capacity.load)
  }
}

extension ModelCapacity {
  init(wire: Fleet_V1_ModelCapacity, _ field: String) throws(CommandError) {
    self.init(
      model: try WireValue.modelName(wire.model, "\(field).model"),
      perSecond: try Reading(wire: wire.perSecond, "\(field).per_second"),
      load: try Reading(wire: wire.load, "\(field).load")
    )
  }
}
