package import FleetCore
package import FoundationEssentials

/// What an alert is about: the same cause is one alert, however many nodes show it.
package struct AlertCause: Hashable, Sendable, Codable {
  package var kind: AlertKind
  /// The version or device; empty when it is nodes as a whole.
  package var subject: String
  /// Nil when it is seen at several stores and taken for one thing.
  package var store: String?

  package init(_ kind: AlertKind, subject: String = "", store: String?) {
    self.kind = kind
    self.subject = subject
    self.store = store
  }
}

/// One cause of trouble from when it was raised until it was resolved.
package struct Alert: Sendable, Equatable, Codable, Identifiable {
  /// What was last told of it.
  package enum Event: String, Sendable, Codable, CaseIterable {
    case raised
    /// It was a warning and is critical.
    case worsened
    /// It came back within half an hour.
    case returned
    case acknowledged
    case resolved
  }

  package struct Acknowledgement: Sendable, Equatable, Codable {
    package var by: String
    package var time: Date
  }

  /// Counts up from 1 in each fleet.
  package var id: Int
  package var cause: AlertCause
  package var severity: AlertSeverity
  /// What the worst of its nodes said when this was last told.
  package var text: String
  /// Those that show it; of a resolved one those that showed it last.
  package var nodes: [NodeName]
  package var raised: Date
  /// When it came last.
  package var since: Date
  /// When it last changed in any way.
  package var changed: Date
  /// How often it came.
  package var count = 1
  /// Nil while nobody has taken it on. What becomes worse has to be taken on anew.
  package var acknowledgement: Acknowledgement?
  package var resolved: Date?
  /// Why it is over; empty while it is not.
  package var resolution = ""
  package var event = Event.raised
  /// Counts what there was to tell.
  package var revision = 1

  package var isOpen: Bool { resolved == nil }

  package init(id: Int, cause: AlertCause, severity: AlertSeverity, text: String, nodes: [NodeName], raised: Date) {
    self.id = id
    self.cause = cause
    self.severity = severity
    self.text = text
    self.nodes = nodes
    self.raised = raised
    since = raised
    changed = raised
  }

  /// Whom it concerns, in a few words.
  package var place: String {
    if nodes.count == 1, let node = nodes.first { return node.description }
    let stores = Set(nodes.map(\.store))
    let named = stores.count == 1 ? " of \(stores.first ?? "")" : " in \(Words.stores(stores.count))"
    return Words.nodes(nodes.count) + named
  }

  /// `denver-02/b: p99 123 ms is over the SLO of 50 ms for 21 s`.
  package var headline: String {
    let about = cause.subject.isEmpty ? "" : " (\(cause.subject))"
    return "\(place)\(about): \(text)"
  }

  mutating func tell(_ event: Event, at time: Date) {
    self.event = event
    changed = time
    revision += 1
  }
}
