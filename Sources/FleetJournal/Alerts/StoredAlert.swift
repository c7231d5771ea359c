package import Foundation

/// An alert as the disk knows it. What it is about is in a form of the console's own: JSON.
package struct StoredAlert: Sendable, Equatable {
  /// Counts up from 1 in each fleet; the number of one that was dropped is not given again.
  package var number: Int
  package var isOpen: Bool
  /// When it last changed in any way.
  package var changed: Date
  /// Counts what there was to tell of it.
  package var revision: Int
  package var body: Data

  package init(number: Int, isOpen: Bool, changed: Date, revision: Int, body: Data) {
    self.number = number
    self.isOpen = isOpen
    self.changed = changed
    self.revision = revision
    self.body = body
  }
}

/// All alerts of a fleet that a change may need, and the number of the next.
package struct StoredAlerts: Sendable, Equatable {
  package var alerts: [StoredAlert]
  package var next: Int

  package init(alerts: [StoredAlert] = [], next: Int = 1) {
    self.alerts = alerts
    self.next = next
  }
}
