package import FleetCore
package import Foundation

/// What somebody ordered, before it has a name.
package struct JobOrder: Sendable {
  /// `push`: which work is done, and the first part of the job's name.
  package var kind: String
  /// `push tag-reader@2 to tier=canary`.
  package var title: String
  package var fleet: JobFleet
  package var orderedBy: String
  /// What the work needs to begin, and to begin again, in a form of its own.
  package var spec: Data
  /// Of two jobs about one model with a node in common, the newer wins. None: nothing is superseded.
  package var model: String?
  package var nodes: [NodeName]

  package init(
    kind: String,
    title: String,
    fleet: JobFleet,
    orderedBy: String,
    spec: Data,
    model: String? = nil,
    nodes: [NodeName] = []
  ) {
    self.kind = kind
    self.title = title
    self.fleet = fleet
    self.orderedBy = orderedBy
    self.spec = spec
    self.model = model
    self.nodes = nodes
  }
}

/// A job as a list shows it. Its specification, report and events may be large and are read apart.
package struct StoredJob: Sendable, Equatable, Identifiable {
  package let id: JobID
  package let title: String
  package let fleet: JobFleet
  package let created: Date
  package let orderedBy: String
  package let model: String?
  package var state: JobState
  /// Why it is in this state; empty when there is nothing to say.
  package var reason: String
  /// Since when it is in this state.
  package var changed: Date
  /// How far it is, for a person: `12 of 40 nodes`; empty before its first report.
  package var progress: String
  /// When it last reported.
  package var reported: Date?
}

/// A job that was recorded, and the older ones that it takes nodes from.
package struct CreatedJob: Sendable {
  package let job: StoredJob
  /// They were told to stop: `superseded by push-0013`.
  package let superseded: [JobID]
}

/// One entry of a job's journal, in a form of the work's own. Never changed once it is there.
package struct JobEvent: Sendable, Equatable {
  /// From 1, without gaps.
  package let sequence: Int
  package let time: Date
  package let body: Data
}
