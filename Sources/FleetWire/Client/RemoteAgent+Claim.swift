package import FleetCore

/// Who may leave service: what nodes of a store ask each other, and what a console has to say.
extension RemoteAgent {
  /// Its name is that of our certificate, whoever is said to call.
  package func answer(_ request: ClaimRequest, from caller: NodeName) async throws(CommandError) -> ClaimReply {
    let reply = try await call("claim", deadlines.command) { (calls, options) in
      try await calls.claim(Fleet_V1_ClaimRequest(request), options: options)
    }
    return try read("an answer") { () throws(CommandError) in try ClaimReply(wire: reply) }
  }

  package func holdAutoDrain(because reason: String) async throws(CommandError) {
    _ = try await call("hold auto-drain", deadlines.command) { (calls, options) in
      var request = Fleet_V1_HoldAutoDrainRequest()
      request.reason = reason
      return try await calls.holdAutoDrain(request, options: options)
    }
  }
}
