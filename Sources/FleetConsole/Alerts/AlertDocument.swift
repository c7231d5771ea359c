internal import FleetCore
internal import FoundationEssentials

/// Alerts as JSON, schema 1. Every key is always there, null when there is nothing to say.
package enum AlertDocument {
  /// What `fleet alerts --json` prints.
  package static func list(_ reading: AlertReading, fleet: String, isSimulated: Bool) -> String {
    encoded(
      Listing(
        fleet: fleet,
        simulated: isSimulated,
        watcher: reading.watcher,
        alerts: reading.alerts.map(Fields.init)
      ),
      isPretty: true
    )
  }

  /// What a webhook and a program get, in one line: the alert as it is now, and what is told of it.
  package static func event(_ alert: Alert, fleet: String, isSimulated: Bool) -> String {
    encoded(
      Event(fleet: fleet, simulated: isSimulated, event: alert.event.rawValue, alert: Fields(alert)),
      isPretty: false
    )
  }

  private struct Listing: Encodable {
    let schema = 1
    var fleet: String
    var simulated: Bool
    @ExplicitNull var watcher: String?
    var alerts: [Fields]
  }

  private struct Event: Encodable {
    let schema = 1
    var fleet: String
    var simulated: Bool
    var event: String
    var alert: Fields
  }

  private struct Fields: Encodable {
    var id: Int
    /// open, acknowledged or resolved.
    var state: String
    var severity: String
    var kind: String
    @ExplicitNull var subject: String?
    /// Null when it is taken for one cause at several.
    @ExplicitNull var store: String?
    var nodes: [String]
    var headline: String
    var text: String
    var raised: String
    var changed: String
    var count: Int
    /// Counts what there was to tell of it: the same one twice is a repetition.
    var revision: Int
    @ExplicitNull var acknowledgedBy: String?
    @ExplicitNull var acknowledged: String?
    @ExplicitNull var resolved: String?
    @ExplicitNull var resolution: String?

    init(_ alert: Alert) {
      id = alert.id
      state = alert.stateWord
      severity = alert.severity.rawValue
      kind = alert.cause.kind.rawValue
      subject = alert.cause.subject.isEmpty ? nil : alert.cause.subject
      store = alert.cause.store
      nodes = alert.nodes.map(\.description)
      headline = alert.headline
      text = alert.text
      raised = StatusDocument.text(alert.raised)
      changed = StatusDocument.text(alert.changed)
      count = alert.count
      revision = alert.revision
      acknowledgedBy = alert.acknowledgement?.by
      acknowledged = alert.acknowledgement.map { StatusDocument.text($0.time) }
      resolved = alert.resolved.map { StatusDocument.text($0) }
      resolution = alert.resolution.isEmpty ? nil : alert.resolution
    }
  }

  private static func encoded(_ value: some Encodable, isPretty: Bool) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    if isPretty { encoder.outputFormatting.insert(.prettyPrinted) }
    encoder.keyEncodingStrategy = .convertToSnakeCase
    guard let data = try? encoder.encode(value) else { return "{}" }
    return String(decoding: data, as: UTF8.self)
  }
}

extension Alert {
  var stateWord: String { !isOpen ? "resolved" : acknowledgement == nil ? "open" : "acknowledged" }
}
