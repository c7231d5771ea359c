package import FleetCore

/// What nodes of a store ask each other about leaving.
extension RemoteAgent {
  /// Its name is that of our certificate, whoever is said to call.
  package func answer(_ request: ClaimRequest, from caller: NodeName) async throws(CommandError) -> ClaimReply {
    let reply = try await call("claim", deadlines.command) { (calls, options) in
      try await calls.claim(Fleet_V1_ClaimRequest(request), options: options)
    }
    return try read("an answer") { () throws(CommandError) in try ClaimReply(wire: reply) }
  }
}
