import NIOCore
import NIOHTTP1
import SwiftProtobuf

/// The calls that compute.
extension GRPCFrontEnd {
  /// Answers one request. In a stream a request's failure is told in its answer, and the stream goes on.
  func infer(_ call: GRPCCall, isStreamed: Bool, on loop: any EventLoop) -> Eventual<GRPCAnswer> {
    let target: InferRequestMessage.Target
    do throws(ServingError) {
      target = try InferRequestMessage.target(of: call.message)
    } catch {
      return .now(Self.answer(.failure(error), to: nil, id: nil, isStreamed: isStreamed, service.sharedMemory))
    }
    let message = call.message
    let sharedMemory = service.sharedMemory
    let maximumBytes = maximumBytes
    let attempt = InferDispatch.Attempt<GRPCInferRequest, GRPCAnswer>(
      model: target.model,
      version: target.version.isEmpty ? nil : target.version,
      context: call.context,
      length: message.readableBytes,
      bodyBytes: { [self] in bytesToRead(message, target, for: $0) },
      handedOffBy: call.handedOffBy,
      isBoundHere: { sharedMemory.mayBeNamed(in: message.readableBytesView) },
      passedOn: { HandedOffCall.request(call) },
      decode: { (_) throws(ServingError) in
        try GRPCInferRequest(try InferRequestMessage(message), sharedMemory: sharedMemory, maximumBytes: maximumBytes)
      },
      encode: { result, request in
        let id = isStreamed && request == nil ? (try? InferRequestMessage(message))?.id : nil
        return Self.answer(result, to: request, id: id, isStreamed: isStreamed, sharedMemory)
      },
      adopt: { Self.adopted(HandedOffCall.answer($0), isStreamed: isStreamed) }
    )
    return dispatch.answer(attempt, on: loop).map { counted in
      var answer = counted.answer
      answer.ticket = counted.ticket
      return answer
    }
  }

  /// Raw contents are taken as they are, but for text: that is checked. What lies in shared memory is copied, and only a message
  /// without raw contents names such.
  private func bytesToRead(
    _ message: ByteBuffer,
    _ target: InferRequestMessage.Target,
    for version: ServedVersion
  ) -> Int {
    if version.model.inputs.contains(where: { $0.datatype == .bytes }) { return message.readableBytes }
    let longest = service.sharedMemory.longestRegion
    guard !target.hasRawContents, longest > Self.longestCopyInline else { return target.bytesToRead }
    return max(target.bytesToRead, longest)
  }

  /// Some 10 GB a second.
  private static var longestCopyInline: Int { 1 << 20 }

  private static func answer(
    _ result: Result<InferReply, ServingError>,
    to call: GRPCInferRequest?,
    id: String?,
    isStreamed: Bool,
    _ sharedMemory: SharedMemoryRegistry
  ) -> GRPCAnswer {
    do throws(ServingError) {
      let reply = try result.get()
      guard let call else { throw ServingError(.failed, "the request was not read") }
      var outputs: [InferResponseMessage.Output] = []
      for tensor in reply.outputs {
        let placement = call.placements[tensor.name]
        if let place = placement {
          try sharedMemory.write(tensor.bytes, to: place.region, offset: place.offset, byteSize: place.byteSize)
        }
        outputs.append(InferResponseMessage.Output(tensor: tensor, placement: placement))
      }
      return GRPCAnswer(
        InferResponseMessage.encode(reply, outputs, isStreamed: isStreamed, saysFinal: isStreamed && call.wantsFinal)
      )
    } catch {
      guard isStreamed else { return GRPCAnswer(error) }
      return failedInStream(GRPCStatus(error), id: call?.request.id ?? id)
    }
  }

  /// An error in a stream has no status of its own, and its message is what a client gets to see.
  private static func failedInStream(_ status: GRPCStatus, id: String?) -> GRPCAnswer {
    var answer = GRPCAnswer(
      GRPCMessage(
        Inference_ModelStreamInferResponse.with { message in
          message.errorMessage = status.message
          if let id, !id.isEmpty { message.inferResponse.id = id }
        }
      )
    )
    answer.countsAsError = status.countsAsError
    return answer
  }

  /// A sibling answers all calls as if they were alone.
  private static func adopted(_ answer: GRPCAnswer, isStreamed: Bool) -> GRPCAnswer {
    guard isStreamed else { return answer }
    guard let message = answer.message else { return failedInStream(answer.status, id: nil) }
    let bytes = message.bytes
    let length = ByteBuffer.fieldSize(length: bytes.readableBytes)
    return GRPCAnswer(
      GRPCMessage(length: length) { buffer in
        buffer.writeFieldHead(2, length: bytes.readableBytes)
        buffer.writeImmutableBuffer(bytes)
      }
    )
  }
}
