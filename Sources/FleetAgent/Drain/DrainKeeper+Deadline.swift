import FleetCore
import FleetWire
import FoundationEssentials
import Logging

/// What becomes of requests that are in flight at a drain's deadline. Each is told of in the log.
extension DrainKeeper {
  /// What the engine has for telling what became of them, beside the time that siblings get.
  private static let cutSlack: Duration = .milliseconds(500)

  /// Has the engine hand over or refuse what is left of the drain that was `ordered` then.
  func cut(ordered: Date?) async {
    let limit = Duration.seconds(DrainState.cutSeconds) - Self.cutSlack
    do throws(CommandError) {
      let command = EngineCommand.cut(withinSeconds: (limit - Self.cutSlack).seconds)
      guard case .cut(let cut)? = try await supervisor?.call(command, within: limit) else { return }
      for request in cut.requests { log.warning("deadline of the drain: \(request.words)") }
      let unnamed = Int(cut.lost + cut.handedOver) - cut.requests.count
      if unnamed > 0 { log.warning("deadline of the drain: and \(unnamed) more requests") }
      await note(lost: cut.lost, ordered: ordered)
    } catch {
      log.error("deadline of the drain: the engine does not cut what it has in flight: \(error)")
    }
  }

  /// The engine did not come to rest: the rest is lost with it.
  func restart(_ engine: EngineSnapshot) async {
    if let oldest = engine.flights?.oldest { log.error("deadline of the drain: \(oldest.words) ends with the engine") }
    for computation in engine.computing {
      log.error("deadline of the drain: \(computation.version) has computed for \(computation.seconds.rounded()) s")
    }
    await supervisor?.restart(
      because: "it is busy still, after the drain's deadline",
      grace: EngineSupervisor.orderDeadline
    )
  }
}

extension FlightInfo {
  fileprivate var words: String {
    let age = (seconds * 10).rounded() / 10
    return "request '\(id)'\(model.isEmpty ? "" : " for '\(model)'") of \(client), \(age) s old,"
  }
}

extension EngineCut.Request {
  fileprivate var words: String {
    switch outcome {
    case .handedOver: "\(flight.words) was handed over to a sibling"
    case .refused: "\(flight.words) was refused"
    case .closed: "\(flight.words) was cut off, since its client did not go on"
    }
  }
}
