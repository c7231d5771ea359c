internal import FleetCore
internal import Foundation

/// What goes on while a version is brought to a node.
enum TransferNews: Sendable, Equatable {
  case announcing
  /// Looks for the shortest way.
  case comparing
  case sending(received: UInt64, total: UInt64)
  case delta(of: ModelVersion, sent: UInt64, total: UInt64)
  case fetching(from: NodeName, received: UInt64, total: UInt64)
  /// The store's hours are over.
  case waiting(until: Date)
  case retrying(CommandError)

  var text: String {
    switch self {
    case .announcing: "announcing"
    case .comparing: "comparing it with what the node has"
    case .sending(let received, let total): "sending \(Self.part(received, of: total))"
    case .delta(let base, let sent, let total): "sending a delta of @\(base.number): \(Self.part(sent, of: total))"
    case .fetching(let sibling, let received, let total): "fetching from \(sibling): \(Self.part(received, of: total))"
    case .waiting(let opening): "waits until \(opening.formatted()) for the store's hours"
    case .retrying(let error): "trying again: \(error.message)"
    }
  }

  /// Part of the bytes that are there; nil when that is not known.
  var fraction: Double? {
    switch self {
    case .announcing, .comparing: 0
    case .sending(let part, let total), .delta(_, let part, let total), .fetching(_, let part, let total):
      total > 0 ? Double(part) / Double(total) : 1
    case .waiting, .retrying: nil
    }
  }

  private static func part(_ part: UInt64, of total: UInt64) -> String {
    "\(Format.bytes(Double(part))) of \(Format.bytes(Double(total)))"
  }
}
