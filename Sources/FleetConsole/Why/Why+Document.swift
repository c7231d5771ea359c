internal import FleetCore
internal import FoundationEssentials

extension Why {
  /// The JSON of `fleet why --json`, schema 1. Every key is always there; what is unknown is null, never zero.
  package func encoded() -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    encoder.keyEncodingStrategy = .convertToSnakeCase
    guard let data = try? encoder.encode(Document(self)) else { return "{}" }
    return String(decoding: data, as: UTF8.self)
  }

  private struct Document: Encodable {
    struct Split: Encodable {
      var total: Double
      var waiting: Double
      var computing: Double
      var elsewhere: Double
      @ExplicitNull var main: String?
    }

    struct Change: Encodable {
      var time: String
      var kind: String
      var text: String
      @ExplicitNull var orderedBy: String?
      @ExplicitNull var secondsBefore: Double?
    }

    struct Sibling: Encodable {
      var name: String
      var condition: String
      var isServing: Bool
      var models: [String]
      @ExplicitNull var p99Ms: Double?
      @ExplicitNull var requestsPerS: Double?
    }

    struct Number: Encodable {
      var name: String
      var reading: StatusDocument.ReadingStatus
      @ExplicitNull var limit: Double?
      var unit: String
    }

    let schema = 1
    var node: String
    var time: String
    var condition: String
    @ExplicitNull var availability: String?
    @ExplicitNull var simulated: Bool?
    @ExplicitNull var ageS: Double?
    @ExplicitNull var linkError: String?
    var summary: String
    @ExplicitNull var since: String?
    var findings: [StatusDocument.FindingStatus]
    var reasons: [String]
    @ExplicitNull var injectedFault: String?
    /// Milliseconds.
    @ExplicitNull var medianMs: Split?
    var changes: [Change]
    var siblings: [Sibling]
    var numbers: [Number]
    var advice: [String]

    init(_ why: Why) {
      node = why.node.description
      time = StatusDocument.text(why.time)
      condition = why.condition.rawValue
      availability = why.availability?.rawValue
      simulated = why.isSimulated
      ageS = why.ageSeconds.map { ($0 * 10).rounded() / 10 }
      linkError = why.linkError
      summary = why.summary
      since = why.since.map(StatusDocument.text)
      findings = why.findings.map(StatusDocument.FindingStatus.init)
      reasons = why.reasons
      injectedFault = why.injectedFault
      medianMs = why.split.map {
        Split(
          total: $0.total,
          waiting: $0.waiting,
          computing: $0.computing,
          elsewhere: $0.elsewhere,
          main: $0.main?.rawValue
        )
      }
      changes = why.changes.map {
        Change(
          time: StatusDocument.text($0.change.time),
          kind: $0.change.kind.rawValue,
          text: $0.change.text,
          orderedBy: $0.change.orderedBy,
          secondsBefore: $0.secondsBefore
        )
      }
      siblings = why.siblings.map {
        Sibling(
          name: $0.name.description,
          condition: $0.condition.rawValue,
          isServing: $0.isServing,
          models: $0.versions.map(\.description),
          p99Ms: $0.p99,
          requestsPerS: $0.requestsPerSecond
        )
      }
      numbers = why.numbers.map {
        Number(name: $0.name, reading: StatusDocument.ReadingStatus($0.reading), limit: $0.limit, unit: $0.unit)
      }
      advice = why.advice
    }
  }
}
