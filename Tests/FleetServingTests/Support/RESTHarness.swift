import FleetCore
import FleetServing
import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import Testing

/// The REST form without sockets: calls go straight to the front end.
final class RESTHarness: Sendable {
  let registry = ModelRegistry()
  let service: InferenceService
  let census: ConnectionCensus
  private let frontEnd: RESTFrontEnd

  /// Serves `models`, each as version 1 under its name.
  init(
    _ models: [String: any LoadedModel],
    repository: (any RepositoryControl)? = nil,
    limits: HTTPLimits = HTTPLimits()
  ) throws {
    census = ConnectionCensus(limits: limits)
    for (name, model) in models {
      registry.activate(
        ServedVersion(
          version: ModelVersion(name: name, number: 1),
          digest: ModelDigest(ofManifest: Array(name.utf8)),
          model: model
        )
      )
    }
    service = InferenceService(registry: registry, workers: 2, repository: repository)
    frontEnd = RESTFrontEnd(
      dispatch: InferDispatch(
        node: try #require(NodeName("austin-01/a")),
        service: service,
        handOff: HandOff(),
        maximumRelays: 1
      )
    )
  }

  /// Ends the threads.
  func stop() async throws {
    try await service.shutDown()
  }

  func send(
    _ method: HTTPMethod,
    _ path: String,
    fields: [(String, String)] = [],
    body: [UInt8] = []
  ) async throws -> TestClient.Answer {
    let loop = MultiThreadedEventLoopGroup.singleton.next()
    let request = HTTPRequest(
      method: method,
      uri: path,
      headers: HTTPHeaders(fields),
      body: ByteBuffer(bytes: body),
      context: CallContext(received: .now()),
      census: census
    )
    let response = try await loop.flatSubmit { [frontEnd] in
      frontEnd.respond(to: request, on: loop).future(on: loop)
    }.get()
    var named: [String: String] = [:]
    for field in response.fields { named[field.name.lowercased()] = field.value }
    named["content-type"] = response.contentType
    return TestClient.Answer(status: response.status, fields: named, body: Array(response.body.readableBytesView))
  }

  func send(_ method: HTTPMethod, _ path: String, _ body: String) async throws -> TestClient.Answer {
    try await send(method, path, body: Array(body.utf8))
  }
}

/// Gives out its one input of any datatype as its one output.
struct EchoModel: LoadedModel {
  let platform = "echo"
  let inputs: [TensorDescription]
  let outputs: [TensorDescription]

  init(_ datatype: TensorDatatype, shape: [Int] = [-1]) {
    inputs = [TensorDescription(name: "in", datatype: datatype, shape: shape)]
    outputs = [TensorDescription(name: "out", datatype: datatype, shape: shape)]
  }

  func infer(_ inputs: [Tensor], wanted: [Int]) throws -> [Tensor] {
    wanted.map { _ in
      Tensor(name: "out", datatype: inputs[0].datatype, shape: inputs[0].shape, bytes: inputs[0].bytes)
    }
  }
}
