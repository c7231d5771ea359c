import Foundation

/// What `fleet jobs show --json` tells of a rollout: its events, of which a test wants to know when they came.
struct RolloutDocument: Decodable {
  struct Entry: Decodable {
    struct Body: Decodable {
      var event: Event
      /// Unix time.
      var seconds: Double
    }
    var event: Body
  }

  /// Those that tell of a verdict and of a way back.
  struct Event: Decodable {
    struct Judged: Decodable {
      struct Verdict: Decodable {
        struct Finding: Decodable {
          var condition: String
          var value: Double?
          var limit: Double?
          var isEstimate: Bool
          var outcome: String
        }
        var outcome: String
        var findings: [Finding]
      }
      var node: String
      var verdict: Verdict

      enum CodingKeys: String, CodingKey {
        case node = "_0"
        case verdict = "_1"
      }
    }
    struct Restored: Decodable {}
    var judged: Judged?
    var restored: Restored?
  }

  var state: String
  var reason: String?
  var events: [Entry]

  /// The first verdict that failed, and when it came.
  var failure: (verdict: Event.Judged, seconds: Double)? {
    for entry in events.map(\.event) {
      if let judged = entry.event.judged, judged.verdict.outcome == "failed" { return (judged, entry.seconds) }
    }
    return nil
  }

  /// From the verdict until the last node was seen serving the version before; nil without both.
  var secondsToRollBack: Double? {
    guard let failure, let last = events.last(where: { $0.event.event.restored != nil }) else { return nil }
    return last.event.seconds - failure.seconds
  }
}

extension Demo {
  func rollout(_ job: String) async throws -> RolloutDocument {
    try await fleet("jobs", "show", job, "--json").decoded(RolloutDocument.self)
  }
}
