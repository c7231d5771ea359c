import FleetCore
import FleetJournal
import Foundation

/// Jobs as JSON, schema 1. Every key is always there, null when there is nothing to say.
enum JobDocument {
  static func list(_ jobs: [StoredJob], fleet: String, isSimulated: Bool, owner: (JobID) -> JobOwner?) throws -> String
  {
    let jobs = jobs.map { keys($0, isSimulated: isSimulated, owner: owner($0.id)) }
    return try text(["schema": 1, "fleet": fleet, "simulated": isSimulated, "jobs": jobs], isPretty: true)
  }

  static func whole(_ details: JobDetails, isSimulated: Bool, owner: JobOwner?) throws -> String {
    var document = keys(details.job, isSimulated: isSimulated, owner: owner)
    document["schema"] = 1
    document["nodes"] = details.nodes.map(\.description)
    document["report"] = orNull(details.report.map(embedded))
    document["events"] = details.events.map { event -> [String: Any] in
      ["sequence": event.sequence, "time": JobText.time(event.time), "event": embedded(event.body)]
    }
    document["requests"] = details.requests.map { request -> [String: Any] in
      [
        "kind": request.kind.rawValue, "ordered_by": request.orderedBy, "note": request.note,
        "time": JobText.time(request.time), "acknowledged": orNull(request.acknowledged.map(JobText.time)),
      ]
    }
    return try text(document, isPretty: true)
  }

  /// One line.
  static func line(_ job: StoredJob, isSimulated: Bool, owner: JobOwner?) throws -> String {
    try text(keys(job, isSimulated: isSimulated, owner: owner), isPretty: false)
  }

  private static func keys(_ job: StoredJob, isSimulated: Bool, owner: JobOwner?) -> [String: Any] {
    [
      "id": job.id.description, "kind": job.id.kind, "title": job.title, "state": job.state.rawValue,
      "reason": orNull(job.reason.isEmpty ? nil : job.reason),
      "progress": orNull(job.progress.isEmpty ? nil : job.progress),
      "created": JobText.time(job.created), "changed": JobText.time(job.changed),
      "reported": orNull(job.reported.map(JobText.time)), "ordered_by": job.orderedBy,
      "model": orNull(job.model), "simulated": isSimulated, "process": orNull(owner.map { Int($0.pid) }),
    ]
  }

  /// JSON as what it is; anything else as text.
  private static func embedded(_ data: Data) -> Any {
    (try? JSONSerialization.jsonObject(with: data, options: .fragmentsAllowed)) ?? String(decoding: data, as: UTF8.self)
  }

  private static func orNull<Value>(_ value: Value?) -> Any { value.map { $0 as Any } ?? NSNull() }

  private static func text(_ document: [String: Any], isPretty: Bool) throws -> String {
    var options: JSONSerialization.WritingOptions = [.sortedKeys, .withoutEscapingSlashes]
    if isPretty { options.insert(.prettyPrinted) }
    return String(decoding: try JSONSerialization.data(withJSONObject: document, options: options), as: UTF8.self)
  }
}
