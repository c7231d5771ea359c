import FleetCore
import FleetWire

/// Makes rates, over the last few seconds, of what an engine has counted since it began to hand off.
struct TrafficRates {
  private struct Mark {
    var seconds: Double
    var clients: [String: UInt64]
    var siblings: [String: UInt64]
  }

  static let windowSeconds = 3.0
  private static let closestSeconds = 0.9
  /// Shorter times say little.
  private static let shortestSeconds = 0.5

  /// In the order of their times; the first is the oldest that rates look back to.
  private var marks: [Mark] = []
  private var latest: Mark?
  private var enginePID: Int32?

  /// Takes a report of the engine with the number `pid`. Nil while that hands off nothing.
  mutating func add(_ counts: EngineHandOff?, of pid: Int32?, at seconds: Double) {
    guard let counts, let pid else { return forget() }
    if pid != enginePID {
      forget()
      enginePID = pid
    }
    let mark = Mark(
      seconds: seconds,
      clients: Dictionary(counts.clients.map { ($0.address, $0.requests) }) { first, _ in first },
      siblings: Dictionary(counts.siblings.map { ($0.address, $0.requests) }) { first, _ in first }
    )
    latest = mark
    if marks.last.map({ seconds - $0.seconds >= Self.closestSeconds }) ?? true { marks.append(mark) }
    while marks.count > 1, seconds - marks[1].seconds >= Self.windowSeconds { marks.removeFirst() }
  }

  /// The busiest, without those that have fallen silent.
  var clients: [ClientTraffic] {
    guard let (start, end, time) = span else { return [] }
    return
      end.clients.map { address, count in
        ClientTraffic(address: address, perSecond: Self.rate(start.clients[address], count, time))
      }
      .filter { $0.perSecond > 0 }
      .sorted { ($1.perSecond, $0.address) < ($0.perSecond, $1.address) }
      .prefix(ClientTraffic.maximumCount).map { $0 }
  }

  /// Of what a sibling at HOST:PORT answers; nil while that is not known.
  func perSecond(_ address: String) -> Double? {
    span.map { start, end, time in Self.rate(start.siblings[address], end.siblings[address] ?? 0, time) }
  }

  private var span: (start: Mark, end: Mark, seconds: Double)? {
    guard let start = marks.first, let latest, latest.seconds - start.seconds >= Self.shortestSeconds else {
      return nil
    }
    return (start, latest, latest.seconds - start.seconds)
  }

  private mutating func forget() { self = TrafficRates() }

  /// A client that was forgotten for others and came back counts from the beginning.
  private static func rate(_ before: UInt64?, _ now: UInt64, _ seconds: Double) -> Double {
    let before = before ?? 0
    return Double(now >= before ? now - before : now) / seconds
  }
}
