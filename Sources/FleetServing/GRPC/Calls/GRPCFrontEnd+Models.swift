import FleetCore
import SwiftProtobuf

/// The calls that tell of the server and its models.
extension GRPCFrontEnd {
  func modelReady(_ request: Inference_ModelReadyRequest) -> Inference_ModelReadyResponse {
    // One that is not here is not ready: no error, as Triton has it.
    let found = try? service.find(request.name, version: request.version.nonEmpty)
    return .with { $0.ready = found != nil && !dispatch.handOff.isOn }
  }

  func serverMetadata() -> Inference_ServerMetadataResponse {
    .with { message in
      message.name = "fleetd"
      message.version = BuildVersion.text
      message.extensions = service.extensions
    }
  }

  func modelMetadata(
    _ request: Inference_ModelMetadataRequest
  ) throws(ServingError) -> Inference_ModelMetadataResponse {
    let metadata = try service.metadata(request.name, version: request.version.nonEmpty)
    func tensors(_ descriptions: [TensorDescription]) -> [Inference_ModelMetadataResponse.TensorMetadata] {
      descriptions.map { description in
        .with { message in
          message.name = description.name
          message.datatype = description.datatype.rawValue
          message.shape = description.shape.map(Int64.init)
        }
      }
    }
    return .with { message in
      message.name = metadata.name
      message.versions = metadata.versions.map(String.init)
      message.platform = metadata.platform
      message.inputs = tensors(metadata.inputs)
      message.outputs = tensors(metadata.outputs)
    }
  }

  func modelConfig(_ request: Inference_ModelConfigRequest) throws(ServingError) -> Inference_ModelConfigResponse {
    let configuration = try service.configuration(request.name, version: request.version.nonEmpty)
    return .with { $0.config = Inference_ModelConfig(configuration) }
  }

  func modelStatistics(
    _ request: Inference_ModelStatisticsRequest
  ) throws(ServingError) -> Inference_ModelStatisticsResponse {
    let views = try service.statistics(request.name.nonEmpty, version: request.version.nonEmpty)
    return .with { $0.modelStats = views.map(Inference_ModelStatistics.init) }
  }
}

extension String {
  /// Protobuf has no other way to leave a text out.
  var nonEmpty: String? { isEmpty ? nil : self }
}

extension Inference_ModelConfig {
  fileprivate init(_ configuration: ModelConfiguration) {
    self.init()
    name = configuration.name
    platform = configuration.platform
    backend = configuration.platform
    maxBatchSize = Int32(clamping: configuration.maximumBatch)
    versionPolicy =
      switch configuration.versions {
      case .latest: .with { $0.latest = .with { $0.numVersions = 1 } }
      case .all: .with { $0.all = .init() }
      case .listed(let versions): .with { $0.specific = .with { $0.versions = versions.map(Int64.init) } }
      }
    input = configuration.inputs.map { tensor in
      .with { message in
        message.name = tensor.name
        message.dataType = .init(rawValue: tensor.datatype.configurationNumber) ?? .typeInvalid
        message.dims = tensor.dimensions.map(Int64.init)
      }
    }
    output = configuration.outputs.map { tensor in
      .with { message in
        message.name = tensor.name
        message.dataType = .init(rawValue: tensor.datatype.configurationNumber) ?? .typeInvalid
        message.dims = tensor.dimensions.map(Int64.init)
      }
    }
    instanceGroup = [
      .with { group in
        group.name = configuration.name
        group.count = 1
        group.kind = .auto
      }
    ]
    modelTransactionPolicy = .with { $0.decoupled = false }
    guard let batching = configuration.dynamicBatching else { return }
    dynamicBatching = .with { message in
      message.preferredBatchSize = [Int32(clamping: batching.largestBatch)]
      message.maxQueueDelayMicroseconds = UInt64(max(0, batching.longestDelayMicroseconds))
      message.defaultQueuePolicy = .with { policy in
        policy.maxQueueSize = UInt32(clamping: batching.maximumQueued)
        policy.defaultTimeoutMicroseconds = UInt64(max(0, batching.longestWaitMicroseconds))
        policy.allowTimeoutOverride = true
      }
    }
  }
}

extension Inference_ModelStatistics {
  fileprivate init(_ view: ModelStatisticsView) {
    self.init()
    name = view.name
    version = String(view.version)
    lastInference = view.counts.lastInference
    inferenceCount = view.counts.inferences
    executionCount = view.counts.executions
    inferenceStats = .with { message in
      message.success = .init(view.counts.success)
      message.fail = .init(view.counts.failure)
      message.queue = .init(view.counts.queue)
      message.computeInput = .init(view.counts.input)
      message.computeInfer = .init(view.counts.infer)
      message.computeOutput = .init(view.counts.output)
      message.cacheHit = .init()
      message.cacheMiss = .init()
    }
    batchStats = view.batches.map { batch in
      .with { message in
        message.batchSize = UInt64(max(0, batch.size))
        message.computeInput = .init(batch.input)
        message.computeInfer = .init(batch.infer)
        message.computeOutput = .init(batch.output)
      }
    }
  }
}

extension Inference_StatisticDuration {
  fileprivate init(_ sum: VersionStatistics.Sum) {
    self.init()
    count = sum.count
    ns = sum.nanoseconds
  }
}
