import NIOCore
import SwiftProtobuf

/// The calls about the repository that models come from, and about memory that callers lend.
extension GRPCFrontEnd {
  func repositoryIndex(
    _ request: Inference_RepositoryIndexRequest
  ) throws(ServingError) -> Inference_RepositoryIndexResponse {
    try only(request.repositoryName)
    let entries = try service.repositoryIndex(onlyReady: request.ready)
    return .with { message in
      message.models = entries.map { entry in
        .with { model in
          model.name = entry.name
          model.version = String(entry.version)
          model.state = entry.state.rawValue
          model.reason = entry.reason
        }
      }
    }
  }

  func load(_ message: ByteBuffer, on loop: any EventLoop) throws(ServingError) -> Eventual<GRPCAnswer> {
    let request: Inference_RepositoryModelLoadRequest = try read(message)
    try only(request.repositoryName)
    let done = service.load(request.modelName, parameters: request.parameters.keys.sorted(), on: loop)
    return .later(done.map { $0.map { GRPCAnswer($0) } ?? GRPCAnswer(GRPCMessage(ByteBuffer())) })
  }

  func unload(_ message: ByteBuffer, on loop: any EventLoop) throws(ServingError) -> Eventual<GRPCAnswer> {
    let request: Inference_RepositoryModelUnloadRequest = try read(message)
    try only(request.repositoryName)
    let done = service.unload(request.modelName, on: loop)
    return .later(done.map { $0.map { GRPCAnswer($0) } ?? GRPCAnswer(GRPCMessage(ByteBuffer())) })
  }

  private func only(_ repository: String) throws(ServingError) {
    guard repository.isEmpty else {
      let name = ServingError.quote(repository)
      throw ServingError(.unsupported, "repository_name \(name): there is one repository, and it has no name")
    }
  }

  // MARK: Shared memory

  func sharedMemoryStatus(
    _ request: Inference_SystemSharedMemoryStatusRequest
  ) throws(ServingError) -> Inference_SystemSharedMemoryStatusResponse {
    let regions = try service.sharedMemory.status(request.name.nonEmpty)
    return .with { message in
      for region in regions {
        message.regions[region.name] = .with { status in
          status.name = region.name
          status.key = region.key
          status.offset = UInt64(max(0, region.offset))
          status.byteSize = UInt64(max(0, region.byteSize))
        }
      }
    }
  }

  func registerSharedMemory(
    _ request: Inference_SystemSharedMemoryRegisterRequest
  ) throws(ServingError) -> Inference_SystemSharedMemoryRegisterResponse {
    guard let offset = Int(exactly: request.offset), let byteSize = Int(exactly: request.byteSize) else {
      throw ServingError(.invalid, "offset and byte_size are beyond any memory")
    }
    try service.sharedMemory.register(.init(name: request.name, key: request.key, offset: offset, byteSize: byteSize))
    return .init()
  }

  func unregisterSharedMemory(
    _ request: Inference_SystemSharedMemoryUnregisterRequest
  ) throws(ServingError) -> Inference_SystemSharedMemoryUnregisterResponse {
    service.sharedMemory.unregister(request.name.nonEmpty)
    return .init()
  }
}
