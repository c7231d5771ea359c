import FleetCore
import FleetWire
import NIOCore
import Synchronization

/// The protocol's repository calls. What they ask for holds until the agent activates another version or the engine starts anew: an
/// unloaded model stays unloaded until then or until it is loaded again.
extension ModelLoader: RepositoryControl {
  /// Calls that may wait for their turn; more are refused at once.
  private static let maximumAsked = 16
  /// The longest that a caller waits; what it asked for goes on.
  private static let patience: TimeAmount = .seconds(60)

  var index: [RepositoryIndexEntry] {
    let served = registry.all.map(\.version)
    return catalog.withLock { $0.index(served: served) }
  }

  func load(_ model: String, on loop: any EventLoop) -> EventLoopFuture<ServingError?> {
    asking(model, "loaded", on: loop) { [self] in
      guard let entry = catalog.withLock({ $0.active(of: model) }) else {
        return ServingError(.unavailable, "the model '\(model)' has no active version; activate one with 'fleet push'")
      }
      if let problem = entry.problem {
        return ServingError(.failed, "'\(entry.version)' is not loaded: \(problem)")
      }
      do throws(EngineError) {
        _ = try activate(entry, by: .now + .seconds(3600))
        catalog.withLock { $0.readmit(model) }
        loadBesides(model)
        return nil
      } catch {
        return ServingError(.failed, "'\(entry.version)' cannot be loaded: \(error.message)")
      }
    }
  }

  func unload(_ model: String, on loop: any EventLoop) -> EventLoopFuture<ServingError?> {
    asking(model, "unloaded", on: loop) { [self] in
      catalog.withLock { $0.unload(model) }
      registry.remove(model)
      return nil
    }
  }

  /// Runs `work` when its turn has come, unless `model` is none of ours.
  private func asking(
    _ model: String,
    _ what: String,
    on loop: any EventLoop,
    _ work: @escaping @Sendable () -> ServingError?
  ) -> EventLoopFuture<ServingError?> {
    guard allowsControl else {
      let message = "models cannot be \(what) by clients here: this node runs with '--model-control none'"
      return loop.makeSucceededFuture(ServingError(.unsupported, message))
    }
    let names = catalog.withLock { $0.names }.union(registry.names)
    guard names.contains(model) else {
      let hint = NearName.hint(for: String(model.prefix(64)), among: names.sorted())
      let message = "no model \(ServingError.quote(model)) is in this node's repository\(hint)"
      return loop.makeSucceededFuture(ServingError(.notFound, message))
    }
    guard asked.add(1, ordering: .relaxed).newValue <= Self.maximumAsked else {
      asked.subtract(1, ordering: .relaxed)
      let message = "\(Self.maximumAsked) calls to load or unload wait already"
      return loop.makeSucceededFuture(ServingError(.unavailable, message))
    }
    let answer = loop.makePromise(of: ServingError?.self)
    let expiry = loop.scheduleTask(in: Self.patience) {
      answer.succeed(
        ServingError(.unavailable, "'\(model)' is not \(what) yet; the repository's index tells when it is")
      )
    }
    inTurn(on: loop, work).whenComplete { [self] result in
      asked.subtract(1, ordering: .relaxed)
      expiry.cancel()
      switch result {
      case .success(let error): answer.succeed(error)
      case .failure: answer.succeed(ServingError(.unavailable, "the engine is stopping"))
      }
    }
    return answer.futureResult
  }
}
