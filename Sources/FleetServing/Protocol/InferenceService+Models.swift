import FleetCore
package import NIOCore

/// The calls about models and about the repository they come from.
extension InferenceService {
  /// The protocol's extensions that are served, by their names in server metadata.
  package var extensions: [String] {
    let always = ["binary_tensor_data", "model_configuration", "statistics", "system_shared_memory"]
    return repository == nil ? always : always + ["model_repository"]
  }

  package func metadata(_ name: String, version: String?) throws(ServingError) -> ModelMetadata {
    let served = try find(name, version: version).active
    var metadata = ModelMetadata(served)
    // Another may have become active since: what was found is named in any case.
    let others = registry.versions(of: name).map(\.version.number)
    metadata.versions = Set(others + metadata.versions).sorted()
    return metadata
  }

  package func configuration(_ name: String, version: String?) throws(ServingError) -> ModelConfiguration {
    ModelConfiguration(try find(name, version: version).active)
  }

  /// Of all models when `name` is nil, of all its versions when only `version` is.
  package func statistics(_ name: String? = nil, version: String? = nil) throws(ServingError) -> [ModelStatisticsView] {
    guard let name else { return registry.all.map { ModelStatisticsView($0) } }
    let found = try find(name, version: version).active
    let served = version == nil ? registry.versions(of: name) : [found]
    return (served.isEmpty ? [found] : served).map { ModelStatisticsView($0) }
  }

  /// What the repository holds; without what is not ready when `onlyReady`.
  package func repositoryIndex(onlyReady: Bool) throws(ServingError) -> [RepositoryIndexEntry] {
    let index = try openRepository().index
    return onlyReady ? index.filter { $0.state == .ready } : index
  }

  /// `parameters` are the names of those that came with the call: what would bring or change a model is refused.
  package func load(
    _ model: String,
    parameters: [String] = [],
    on loop: any EventLoop
  ) -> EventLoopFuture<ServingError?> {
    for name in parameters where name == "config" || name.hasPrefix("file:") {
      let message = "parameter \(ServingError.quote(name)) is not supported: only verified versions can be loaded"
      return loop.makeSucceededFuture(ServingError(.unsupported, message))
    }
    do throws(ServingError) {
      return try openRepository(for: model).load(model, on: loop)
    } catch {
      return loop.makeSucceededFuture(error)
    }
  }

  package func unload(_ model: String, on loop: any EventLoop) -> EventLoopFuture<ServingError?> {
    do throws(ServingError) {
      return try openRepository(for: model).unload(model, on: loop)
    } catch {
      return loop.makeSucceededFuture(error)
    }
  }

  private func openRepository(for model: String) throws(ServingError) -> any RepositoryControl {
    let repository = try openRepository()
    guard NodeName.isValidPart(model) else {
      throw ServingError(.invalid, "\(ServingError.quote(model)) is not a model's name")
    }
    return repository
  }

  private func openRepository() throws(ServingError) -> any RepositoryControl {
    guard let repository else { throw ServingError(.unsupported, "the model repository is not available here") }
    return repository
  }
}
