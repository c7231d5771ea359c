package import FleetCore

/// How a model is served, in the terms of Triton's model configuration (`model_config.proto`), as far as they apply here.
package struct ModelConfiguration: Sendable, Equatable {
  package struct Tensor: Sendable, Equatable {
    package var name: String
    package var datatype: TensorDatatype
    /// Without the rows where `maximumBatch` is over 0; -1 where any length will do.
    package var dimensions: [Int]
  }

  /// Computing the requests of several callers together.
  package struct DynamicBatching: Sendable, Equatable {
    package var largestBatch: Int
    package var longestDelayMicroseconds: Int
    package var maximumQueued: Int
    package var longestWaitMicroseconds: Int
  }

  package var name: String
  package var platform: String
  package var versions: ModelOptions.VersionPolicy
  /// The most rows in one request; 0 for a model whose tensors do not all begin with a free number of rows. Clients take it as
  /// a promise that they may put rows before `dimensions`, and need it to send a first request without being told a shape.
  package var maximumBatch: Int
  package var inputs: [Tensor]
  package var outputs: [Tensor]
  /// Nil when each request is computed by itself.
  package var dynamicBatching: DynamicBatching?

  package init(_ served: ServedVersion) {
    let model = served.model
    let options = served.options
    let hasRows = !model.inputs.isEmpty && (model.inputs + model.outputs).allSatisfy { $0.shape.first == -1 }
    func tensors(_ descriptions: [TensorDescription]) -> [Tensor] {
      descriptions.map { description in
        Tensor(
          name: description.name,
          datatype: description.datatype,
          dimensions: Array(description.shape.dropFirst(hasRows ? 1 : 0))
        )
      }
    }
    name = served.version.name
    platform = model.platform
    versions = options.versions
    maximumBatch = hasRows ? InferValidation.maximumBatch : 0
    inputs = tensors(model.inputs)
    outputs = tensors(model.outputs)
    guard hasRows, options.largestBatch > 1 else { return }
    dynamicBatching = DynamicBatching(
      largestBatch: options.largestBatch,
      longestDelayMicroseconds: Self.microseconds(options.longestDelay),
      maximumQueued: options.maximumQueued,
      longestWaitMicroseconds: Self.microseconds(options.maximumWait)
    )
  }

  private static func microseconds(_ seconds: Double) -> Int {
    seconds > 0 ? Int((min(seconds, 1e9) * 1e6).rounded()) : 0
  }
}

extension TensorDatatype {
  /// The name in Triton's model configuration, such as `TYPE_FP32`.
  package var configurationName: String { self == .bytes ? "TYPE_STRING" : "TYPE_\(rawValue)" }

  /// The number of `configurationName` in `inference.DataType` of `model_config.proto`.
  package var configurationNumber: Int {
    switch self {
    case .bool: 1
    case .uint8: 2
    case .uint16: 3
    case .uint32: 4
    case .uint64: 5
    case .int8: 6
    case .int16: 7
    case .int32: 8
    case .int64: 9
    case .fp16: 10
    case .fp32: 11
    case .fp64: 12
    case .bytes: 13
    case .bf16: 14
    }
  }
}
