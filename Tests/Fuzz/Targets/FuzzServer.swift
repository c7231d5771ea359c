import FleetCore
import FleetServing
import Glibc
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

  struct Listener {
    var port: UInt16
    var census: ConnectionCensus
  }

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
  func listenForREST() throws -> Listener {
    let (descriptor, port) = try FuzzSocket.listen()
    let (group, rest, limits) = (group, rest, Self.limits)
    let census = ConnectionCensus(limits: limits)
    try loop.makeFutureWithTask {
      _ = try await HTTPServer.start(
        descriptor: descriptor,
        group: group,
        responder: rest,
        census: census,
        limits: limits
      )
    }.wait()
    return Listener(port: port, census: census)
  }

  /// A gRPC server on a port of its own.
  func listenForGRPC() throws -> Listener {
    let (descriptor, port) = try FuzzSocket.listen()
    let (group, grpc, limits) = (group, grpc, Self.limits)
    let census = ConnectionCensus(limits: limits)
    try loop.makeFutureWithTask {
      _ = try await GRPCServer.start(
        descriptor: descriptor,
        group: group,
        responder: grpc,
        census: census,
        limits: limits
      )
    }.wait()
    return Listener(port: port, census: census)
  }

  /// Waits until nothing is held any more for what has been answered, and no connection is left. Throws when that never comes:
  /// what each call leaves would in the end have all others refused.
  static func settle(_ census: ConnectionCensus) throws {
    let end = NIODeadline.now() + settleTime
    while census.bodyBytes != 0 || census.count > 0 {
      guard NIODeadline.now() < end else {
        throw FuzzFailure("\(census.bodyBytes) bytes and \(census.count) connections are held after the last answer")
      }
      usleep(100)
    }
  }

  private static let settleTime: TimeAmount = .seconds(10)

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
