import FleetCore
import FleetServing
import NIOCore
import NIOPosix

/// All that serves, but for the accelerator, in this process. Made once: what one input does to it, the next one meets.
final class FuzzServer: Sendable {
  let loop: any EventLoop
  let rest: RESTFrontEnd
  let grpc: GRPCFrontEnd
  let census = ConnectionCensus(limits: FuzzServer.limits)
  private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)

  static let shared = Result { try FuzzServer() }

  private init() throws {
    loop = group.next()
    let registry = ModelRegistry()
    for datatype in TensorDatatype.allCases {
      try Self.serve(FuzzModel(datatype, shape: [-1, -1]), as: datatype.rawValue.lowercased(), in: registry)
    }
    guard let node = NodeName("fuzz/a") else { throw FuzzFailure("no name") }
    let service = InferenceService(registry: registry, workers: 2)
    let dispatch = InferDispatch(node: node, service: service, handOff: HandOff(), maximumRelays: 1)
    rest = RESTFrontEnd(dispatch: dispatch)
    grpc = GRPCFrontEnd(dispatch: dispatch, maximumBytes: Self.limits.bodyBytes)
  }

  private static func serve(_ model: FuzzModel, as name: String, in registry: ModelRegistry) throws {
    registry.activate(
      ServedVersion(
        version: ModelVersion(name: name, number: 1),
        digest: ModelDigest(ofManifest: Array(name.utf8)),
        model: model
      )
    )
  }

  /// A REST server on a port of its own.
  func listenForREST() throws -> UInt16 {
    let (descriptor, port) = try FuzzSocket.listen()
    let (group, rest, limits) = (group, rest, Self.limits)
    try loop.makeFutureWithTask {
      _ = try await HTTPServer.start(
        descriptor: descriptor,
        group: group,
        responder: rest,
        census: ConnectionCensus(limits: limits),
        limits: limits
      )
    }.wait()
    return port
  }

  /// A gRPC server on a port of its own.
  func listenForGRPC() throws -> UInt16 {
    let (descriptor, port) = try FuzzSocket.listen()
    let (group, grpc, limits) = (group, grpc, Self.limits)
    try loop.makeFutureWithTask {
      _ = try await GRPCServer.start(
        descriptor: descriptor,
        group: group,
        responder: grpc,
        census: ConnectionCensus(limits: limits),
        limits: limits
      )
    }.wait()
    return port
  }

  /// Small, so that inputs reach them.
  static var limits: HTTPLimits {
    var limits = HTTPLimits()
    limits.bodyBytes = 1 << 20
    limits.decompressedBytes = 4 << 20
    limits.headBytes = 8 << 10
    limits.stall = .seconds(2)
    limits.idle = .seconds(2)
    limits.linger = .milliseconds(100)
    return limits
  }
}
