package import FleetCore

/// What an agent tells its engine, over the socket that the engine was started with.
package enum EngineCommand: Sendable, Equatable, Codable {
  /// Compile the version in `folder`, warm it, then serve it in place of the model's former version. One that is not ready
  /// within `withinSeconds` of the command is not served: the agent has given it up by then. With `freesFirst` the former version is
  /// given up first, as soon as the last request on it has finished: for machines without memory for both.
  case activate(
    ModelVersion,
    digest: ModelDigest,
    folder: String,
    options: ModelOptions = ModelOptions(),
    withinSeconds: Double = 60,
    freesFirst: Bool = false
  )
  /// Answer the golden set in `folder` with this version, which has to be the active one, while clients go first. One that is not done
  /// within `withinSeconds` is given up.
  case evaluate(ModelVersion, digest: ModelDigest, folder: String, withinSeconds: Double)
  /// All that the repository holds, verified, and so all that may be loaded; after every change of it.
  case catalog([CatalogEntry])
  /// Hand new requests to `siblings` (REST addresses, NODE=HOST:PORT, best first) until told to serve. What no sibling takes is
  /// answered here all the same, unless `refusesWhenAlone`: then it is refused. On trial this node answers `trialShare` of the requests
  /// first, from 0 to 1, and hands on those alone at which it fails.
  case handOff(siblings: [String], refusesWhenAlone: Bool = false, trialShare: Double = 0)
  /// Be done with what is in flight: have siblings answer it within `withinSeconds`, or refuse it. What is handed on already goes on.
  case cut(withinSeconds: Double)
  /// Answer requests here again, when the models have shown that they compute.
  case serve
  /// Report what was done so far.
  case report
}

/// One version of the agent's repository.
package struct CatalogEntry: Sendable, Equatable, Codable {
  package var version: ModelVersion
  package var digest: ModelDigest
  package var folder: String
  /// Whether it is the one that answers for its model.
  package var isActive: Bool
  package var options: ModelOptions
  /// Why it must not be loaded unless it is the active one; nil when it may.
  package var problem: String?

  package init(
    version: ModelVersion,
    digest: ModelDigest,
    folder: String,
    isActive: Bool,
    options: ModelOptions = ModelOptions(),
    problem: String? = nil
  ) {
    self.version = version
    self.digest = digest
    self.folder = folder
    self.isActive = isActive
    self.options = options
    self.problem = problem
  }
}

/// A command with the number that its reply repeats.
package struct EngineRequest: Sendable, Equatable, Codable {
  package var id: UInt64
  package var command: EngineCommand

  package init(id: UInt64, command: EngineCommand) {
    self.id = id
    self.command = command
  }
}
