package import NIOCore
import SwiftProtobuf

/// The gRPC form of the protocol: finds what a call asks for, decodes it, and encodes what comes of it.
package final class GRPCFrontEnd: GRPCResponder {
  let dispatch: InferDispatch
  let maximumBytes: Int

  var service: InferenceService { dispatch.service }

  /// `maximumBytes` bounds a tensor whose elements came as protobuf's numbers.
  package init(dispatch: InferDispatch, maximumBytes: Int) {
    self.dispatch = dispatch
    self.maximumBytes = maximumBytes
  }

  package func respond(to call: GRPCCall, on loop: any EventLoop) -> Eventual<GRPCAnswer> {
    do throws(ServingError) {
      switch call.method {
      case .modelInfer: return infer(call, isStreamed: false, on: loop)
      case .modelStreamInfer: return infer(call, isStreamed: true, on: loop)
      case .repositoryModelLoad: return try load(call.message, on: loop)
      case .repositoryModelUnload: return try unload(call.message, on: loop)
      default: return .now(GRPCAnswer(try reply(to: call)))
      }
    } catch {
      return .now(GRPCAnswer(error))
    }
  }

  package func health(of service: String) -> GRPCHealth {
    switch service {
    case "", "inference.GRPCInferenceService", "grpc.health.v1.Health": dispatch.isReady ? .serving : .notServing
    default: .serviceUnknown
    }
  }

  package func label(of method: GRPCMethod, _ message: ByteBuffer) -> RequestLabel {
    method.isInference ? InferRequestMessage.label(of: message) : RequestLabel()
  }

  /// Of the calls that have their answer at once.
  private func reply(to call: GRPCCall) throws(ServingError) -> GRPCMessage {
    switch call.method {
    case .serverLive: GRPCMessage(Inference_ServerLiveResponse.with { $0.live = true })
    case .serverReady: GRPCMessage(Inference_ServerReadyResponse.with { $0.ready = dispatch.isReady })
    case .modelReady: GRPCMessage(modelReady(try read(call.message)))
    case .serverMetadata: GRPCMessage(serverMetadata())
    case .modelMetadata: GRPCMessage(try modelMetadata(try read(call.message)))
    case .modelConfig: GRPCMessage(try modelConfig(try read(call.message)))
    case .modelStatistics: GRPCMessage(try modelStatistics(try read(call.message)))
    case .repositoryIndex: GRPCMessage(try repositoryIndex(try read(call.message)))
    case .systemSharedMemoryStatus: GRPCMessage(try sharedMemoryStatus(try read(call.message)))
    case .systemSharedMemoryRegister: GRPCMessage(try registerSharedMemory(try read(call.message)))
    case .systemSharedMemoryUnregister: GRPCMessage(try unregisterSharedMemory(try read(call.message)))
    case .healthCheck: try checkHealth(call.message)
    case .modelInfer, .modelStreamInfer, .repositoryModelLoad, .repositoryModelUnload, .healthWatch:
      throw ServingError(.unsupported, "the call is not answered here")
    }
  }

  /// Throws `.invalid` for what is no such message.
  func read<Message: SwiftProtobuf.Message>(_ message: ByteBuffer) throws(ServingError) -> Message {
    do {
      return try Message(serializedBytes: Array(message.readableBytesView))
    } catch {
      throw ServingError(.invalid, "the message is not a \(Message.protoMessageName)")
    }
  }

  private func checkHealth(_ message: ByteBuffer) throws(ServingError) -> GRPCMessage {
    let name = try HealthMessages.service(message)
    let health = health(of: name)
    guard health != .serviceUnknown else {
      throw ServingError(.notFound, "no service \(ServingError.quote(name)) is served here")
    }
    return HealthMessages.answer(health)
  }
}
