internal import FleetCore
internal import FoundationEssentials
internal import Terminal

/// A drain as it goes: what holds it up, who takes over, and who still has to be pointed elsewhere.
struct DrainFacts {
  let state: FleetState
  let theme: Theme
  let facts: NodeFacts
  let frame: Frame
  let drain: DrainStatus

  /// Clients and targets beyond these are only counted.
  private static let shown = 6

  var block: NodeFacts.Block {
    var lines = [
      facts.fact("reason", drain.reason, .accent),
      facts.fact("by", "\(drain.orderedBy) at \(clock(drain.since))\(drain.isForced ? ", forced" : "")"),
    ]
    lines += progress
    lines.append(facts.fact("handed off", handedOff))
    if drain.cutAtDeadline > 0 {
      lines.append(facts.fact("cut off", "\(drain.cutAtDeadline) at the deadline", .critical))
    }
    return NodeFacts.Block(title: "drain", lines: lines + targets + clients)
  }

  private var progress: [[Span]] {
    guard frame.availability == .draining else { return [] }
    let inFlight = frame.models.reduce(0) { $0 + $1.inFlight }
    var lines = [facts.fact("in flight", "\(inFlight)", inFlight > 0 ? .warning : .ok)]
    if let oldest = drain.oldest {
      let id = "\(oldest.id) of \(oldest.model)"
      lines.append(facts.fact("· oldest", "\(Format.number(oldest.seconds)) s: \(id) from \(oldest.client)", .warning))
    }
    let left = drain.deadline.timeIntervalSince(frame.time)
    let text = left > 0 ? "in \(Format.age(left))" : "passed \(Format.age(-left)) ago"
    lines.append(facts.fact("deadline", "\(text), \(clock(drain.deadline))", left > 0 ? .text : .critical))
    return lines
  }

  private var handedOff: String {
    let rate = drain.clients.isEmpty ? nil : drain.clients.reduce(0) { $0 + $1.perSecond }
    return "\(Format.count(drain.handedOff)) requests" + (rate.map { ", \(Format.rate($0)) a second now" } ?? "")
  }

  private var targets: [[Span]] {
    var lines = drain.targets.prefix(Self.shown).enumerated().map { index, target in
      let load = [
        target.inFlight.map { "\($0) in flight" }, target.perSecond.map { "\(Format.rate($0)) req/s from here" },
      ].compactMap { $0 }.joined(separator: ", ")
      let serving = target.isServing ? "● serving" : "✖ does not serve"
      return facts.fact(
        index == 0 ? "taken by" : "",
        "\(target.name) \(serving)" + (load.isEmpty ? "" : ", \(load)"),
        target.isServing ? .text : .critical
      )
    }
    let more = drain.targets.count - Self.shown
    if more > 0 { lines.append(facts.fact("", "… and \(more) more", .muted)) }
    return lines
  }

  /// They have to be pointed elsewhere before the box is unplugged.
  private var clients: [[Span]] {
    var lines = drain.clients.prefix(Self.shown).enumerated().map { index, client in
      facts.fact(
        index == 0 ? "sent by" : "",
        "\(client.address)  \(Format.rate(client.perSecond)) req/s",
        .warning
      )
    }
    let more = drain.clients.count - Self.shown
    if more > 0 { lines.append(facts.fact("", "… and \(more) more", .muted)) }
    return lines
  }

  private func clock(_ date: Date) -> String { Format.clock(date, utcOffset: state.utcOffset) }
}
