/// The calls known by their paths. Those that are answered with UNIMPLEMENTED are not among them.
package enum GRPCMethod: String, Sendable, CaseIterable {
  case serverLive = "/inference.GRPCInferenceService/ServerLive"
  case serverReady = "/inference.GRPCInferenceService/ServerReady"
  case modelReady = "/inference.GRPCInferenceService/ModelReady"
  case serverMetadata = "/inference.GRPCInferenceService/ServerMetadata"
  case modelMetadata = "/inference.GRPCInferenceService/ModelMetadata"
  case modelConfig = "/inference.GRPCInferenceService/ModelConfig"
  case modelInfer = "/inference.GRPCInferenceService/ModelInfer"
  case modelStreamInfer = "/inference.GRPCInferenceService/ModelStreamInfer"
  case modelStatistics = "/inference.GRPCInferenceService/ModelStatistics"
  case repositoryIndex = "/inference.GRPCInferenceService/RepositoryIndex"
  case repositoryModelLoad = "/inference.GRPCInferenceService/RepositoryModelLoad"
  case repositoryModelUnload = "/inference.GRPCInferenceService/RepositoryModelUnload"
  case systemSharedMemoryStatus = "/inference.GRPCInferenceService/SystemSharedMemoryStatus"
  case systemSharedMemoryRegister = "/inference.GRPCInferenceService/SystemSharedMemoryRegister"
  case systemSharedMemoryUnregister = "/inference.GRPCInferenceService/SystemSharedMemoryUnregister"
  case healthCheck = "/grpc.health.v1.Health/Check"
  case healthWatch = "/grpc.health.v1.Health/Watch"

  private static let byPath = Dictionary(uniqueKeysWithValues: allCases.map { ($0.rawValue, $0) })

  /// Nil when no call has the path.
  package init?(path: String) {
    guard path != GRPCMethod.modelInfer.rawValue else {
      self = .modelInfer
      return
    }
    guard let method = Self.byPath[path] else { return nil }
    self = method
  }

  /// What a client may send and get under one call.
  enum Form {
    case unary
    /// Any number of requests, and an answer to each.
    case requestsAndAnswers
    /// One request, and answers as they come.
    case answers
  }

  /// Whether a model computes for it.
  var isInference: Bool { self == .modelInfer || self == .modelStreamInfer }

  var form: Form {
    switch self {
    case .modelStreamInfer: .requestsAndAnswers
    case .healthWatch: .answers
    default: .unary
    }
  }
}
