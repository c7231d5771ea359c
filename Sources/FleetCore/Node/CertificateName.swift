/// Who a certificate speaks for, as its only URI name says: `fleet://acme/node/austin-01/a`, `fleet://acme/operator/ops`.
/// Names in certificates decide what a caller may do and which node a server is; addresses decide nothing.
package struct CertificateName: Hashable, Sendable, CustomStringConvertible {
  package enum Holder: Hashable, Sendable {
    case node(NodeName)
    case `operator`(String)
  }

  package let fleet: String
  package let holder: Holder

  package init(fleet: String, holder: Holder) {
    self.fleet = fleet
    self.holder = holder
  }

  /// Nil unless `uri` is exactly what `uri` of such a name gives.
  package init?(uri: String) {
    let parts = uri.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count >= 5, parts[0] == "fleet:", parts[1].isEmpty, NodeName.isValidPart(parts[2]) else { return nil }
    fleet = String(parts[2])
    switch (parts[3], parts.count) {
    case ("node", 6):
      guard let name = NodeName("\(parts[4])/\(parts[5])") else { return nil }
      holder = .node(name)
    case ("operator", 5):
      guard NodeName.isValidPart(parts[4]) else { return nil }
      holder = .operator(String(parts[4]))
    default: return nil
    }
  }

  package var uri: String {
    switch holder {
    case .node(let name): "fleet://\(fleet)/node/\(name)"
    case .operator(let name): "fleet://\(fleet)/operator/\(name)"
    }
  }

  /// `node austin-01/a`, `operator ops`.
  package var description: String {
    switch holder {
    case .node(let name): "node \(name)"
    case .operator(let name): "operator \(name)"
    }
  }
}
