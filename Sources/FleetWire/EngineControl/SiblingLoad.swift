/// What an engine tells of itself in its answer to `GET /v2/health/ready`, for the agents of its siblings.
package enum SiblingLoad {
  /// The requests that it has in flight.
  package static let headerName = "fleet-in-flight"
}
