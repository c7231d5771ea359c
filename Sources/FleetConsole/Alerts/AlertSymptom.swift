package import FleetCore

/// Something wrong with one node.
package struct AlertSymptom: Hashable, Sendable {
  package var kind: AlertKind
  /// The version or device it is about; empty when it is the node.
  package var subject: String
  package var severity: AlertSeverity
  /// For a person, without the node's name.
  package var text: String

  package init(_ kind: AlertKind, subject: String = "", _ severity: AlertSeverity, _ text: String) {
    self.kind = kind
    self.subject = subject
    self.severity = severity
    self.text = text
  }

  /// Whether this is more likely the cause of what the node shows than the other is.
  func isWorse(than other: AlertSymptom) -> Bool {
    (other.severity, kind.rank, subject) < (severity, other.kind.rank, other.subject)
  }
}

/// One node that shows a symptom.
package struct AlertSighting: Hashable, Sendable {
  package var node: NodeName
  package var symptom: AlertSymptom
  /// How often it came back.
  package var returns: Int

  package init(_ node: NodeName, _ symptom: AlertSymptom, returns: Int = 0) {
    self.node = node
    self.symptom = symptom
    self.returns = returns
  }
}

/// What holds after hysteresis, as one console sees it.
package struct AlertObservation: Sendable, Equatable {
  /// The nodes that are looked at. Nothing is said of others.
  package var nodes: Set<NodeName>
  package var sightings: [AlertSighting]

  package init(nodes: Set<NodeName>, sightings: [AlertSighting]) {
    self.nodes = nodes
    self.sightings = sightings
  }

  /// Whether the other would change nothing in the book: numbers in a text change every second.
  package func isSame(as other: AlertObservation) -> Bool {
    func essence(_ sighting: AlertSighting) -> AlertSighting {
      var sighting = sighting
      sighting.symptom.text = ""
      return sighting
    }
    return nodes == other.nodes && sightings.map(essence) == other.sightings.map(essence)
  }
}
