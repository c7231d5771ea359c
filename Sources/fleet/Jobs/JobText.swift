import FleetCore
import FleetJournal
import Foundation

/// Jobs in words, for a person.
enum JobText {
  /// A line each, in columns.
  static func list(_ jobs: [StoredJob], at now: Date) -> [String] {
    let head = ["job", "state", "how far", "age", "what"]
    let rows = jobs.map { job in
      let reason = job.reason.isEmpty ? "" : ": \(job.reason)"
      return [job.id.description, job.state.rawValue, job.progress, age(job.created, at: now), job.title + reason]
    }
    let widths = head.indices.map { column in ([head] + rows).map { $0[column].count }.max() ?? 0 }
    return ([head] + rows).map { row in
      row.enumerated().map { column, text in
        column == row.count - 1 ? text : text + String(repeating: " ", count: widths[column] - text.count)
      }.joined(separator: "  ")
    }
  }

  /// `push-0012 running, 12 of 40 nodes`.
  static func line(_ job: StoredJob) -> String {
    let progress = job.progress.isEmpty ? "" : ", \(job.progress)"
    let reason = job.reason.isEmpty ? "" : ": \(job.reason)"
    return "\(job.id) \(job.state.rawValue)\(progress)\(reason)"
  }

  /// All about one job.
  static func whole(_ details: JobDetails, owner: JobOwner?, at now: Date) -> [String] {
    let job = details.job
    let kind = try? JobKinds.named(job.id.kind)
    var lines = ["\(job.id)  \(job.title)", line(job), "ordered by \(job.orderedBy) at \(time(job.created))"]
    if let owner { lines.append("driven by \(owner)") }
    if !details.nodes.isEmpty { lines.append("about \(details.nodes.map(\.description).joined(separator: ", "))") }
    if let report = details.report {
      let age = job.reported.map { " (\(Self.age($0, at: now)) ago)" } ?? ""
      lines += ["", "report\(age)"] + (kind?.lines(report) ?? plain(report)).map { "  \($0)" }
    }
    if !details.events.isEmpty {
      lines += ["", "events"]
      lines += details.events.map { event in
        let words = kind?.words(event.body) ?? String(decoding: event.body, as: UTF8.self)
        return "  \(time(event.time))  \(event.sequence)  \(words)"
      }
    }
    if !details.requests.isEmpty {
      lines += ["", "asked"]
      lines += details.requests.map { request in
        let note = request.note.isEmpty ? "" : ": \(request.note)"
        let heard = request.acknowledged == nil ? ", not heard yet" : ""
        return "  \(time(request.time))  \(request.kind.rawValue) by \(request.orderedBy)\(note)\(heard)"
      }
    }
    return lines
  }

  /// `8 s`, `3 min`, `2 h`, `5 d`.
  static func age(_ date: Date, at now: Date) -> String {
    let seconds = Int(max(0, now.timeIntervalSince(date)))
    switch seconds {
    case ..<60: return "\(seconds) s"
    case ..<3600: return "\(seconds / 60) min"
    case ..<86_400: return "\(seconds / 3600) h"
    default: return "\(seconds / 86_400) d"
    }
  }

  static func time(_ date: Date) -> String { date.formatted(.iso8601) }

  /// Data that nobody knows a better form for: JSON in lines, else as it is.
  static func plain(_ data: Data) -> [String] {
    let options: JSONSerialization.WritingOptions = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    guard let value = try? JSONSerialization.jsonObject(with: data, options: .fragmentsAllowed),
      JSONSerialization.isValidJSONObject(value),
      let pretty = try? JSONSerialization.data(withJSONObject: value, options: options)
    else { return [String(decoding: data, as: UTF8.self)] }
    return String(decoding: pretty, as: UTF8.self).split(separator: "\n").map(String.init)
  }
}

/// One job with all that belongs to it.
struct JobDetails {
  let job: StoredJob
  let nodes: [NodeName]
  let report: Data?
  let events: [JobEvent]
  let requests: [JobRequest]

  init(_ job: StoredJob, in store: JobStore) throws(CommandError) {
    self.job = job
    nodes = try store.nodes(of: job.id)
    report = try store.report(of: job.id)
    events = try store.events(of: job.id)
    requests = try store.requests(of: job.id)
  }
}
