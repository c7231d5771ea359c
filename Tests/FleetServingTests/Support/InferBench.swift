import FleetCore
import FleetServing
import Foundation
import NIOCore
import NIOPosix

/// Calls to a version of a model without a protocol before it.
final class InferBench: Sendable {
  struct Call: InferCall {
    var request: InferRequest
  }

  typealias Outcome = Result<InferReply, ServingError>

  let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
  let service: InferenceService
  let meter = ModelMeter()

  init(workers: Int = 3) {
    service = InferenceService(registry: ModelRegistry(), workers: workers)
  }

  func stop() async throws {
    try await service.shutDown()
    try await group.shutdownGracefully()
  }

  /// A version that is warm.
  func version(
    _ model: any LoadedModel,
    _ change: (inout ModelOptions) -> Void = { _ in }
  ) throws -> ServedVersion {
    var options = ModelOptions()
    change(&options)
    let version = ServedVersion(
      version: ModelVersion(name: "digits", number: 1),
      digest: ModelDigest(ofManifest: []),
      model: model,
      options: options
    )
    try version.warmUp()
    return version
  }

  /// Begins a call on the event loop.
  func infer(
    _ inputs: [Tensor],
    on version: ServedVersion,
    context: CallContext = CallContext(received: .now()),
    timeout: TimeAmount? = nil
  ) -> EventLoopFuture<Outcome> {
    let loop = group.next()
    let request = InferRequest(inputs: inputs, timeout: timeout)
    return loop.flatSubmit { [self] in
      service.infer(on: version, meter: meter, context: context, loop: loop, bodyBytes: 0) { () throws(ServingError) in
        Call(request: request)
      } encode: { result, _ in
        result
      }.future(on: loop)
    }
  }

  /// Rows of which the first element is `first`.
  static func pixels(_ rows: Int = 1, first: Float = 0) -> [Tensor] {
    var bytes = ByteBuffer()
    for index in 0..<(rows * 64) {
      bytes.writeInteger((index % 64 == 0 ? first : 0).bitPattern, endianness: .little)
    }
    return [Tensor(name: "pixels", datatype: .fp32, shape: [rows, 1, 8, 8], bytes: bytes)]
  }

  func status() -> ModelStatus {
    meter.status(of: ModelVersion(name: "digits", number: 1), digest: ModelDigest(ofManifest: []))
  }
}
