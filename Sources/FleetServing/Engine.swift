import FleetCore
import Glibc
package import NIOCore
import NIOPosix

/// Everything that serves, put together: REST and gRPC on their loops, workers, the registry, and the control channel.
package final class Engine: Sendable {
  /// Completes when the agent's end of the control socket has closed.
  package let agentGone: EventLoopFuture<Void>
  package var openConnections: Int { http.census.count }
  /// Bytes of requests' bodies that are arriving or being answered.
  package var bodyBytes: Int { http.census.bodyBytes }
  private let http: ConnectionServer
  /// Nil when the agent gave no socket for it.
  private let grpc: ConnectionServer?
  private let loader: ModelLoader
  private let service: InferenceService
  private let dispatch: InferDispatch
  private let controller: EngineController
  private let serving: MultiThreadedEventLoopGroup
  private let controlling: MultiThreadedEventLoopGroup

  private init(
    agentGone: EventLoopFuture<Void>,
    http: ConnectionServer,
    grpc: ConnectionServer?,
    loader: ModelLoader,
    service: InferenceService,
    dispatch: InferDispatch,
    controller: EngineController,
    serving: MultiThreadedEventLoopGroup,
    controlling: MultiThreadedEventLoopGroup
  ) {
    self.agentGone = agentGone
    self.http = http
    self.grpc = grpc
    self.loader = loader
    self.service = service
    self.dispatch = dispatch
    self.controller = controller
    self.serving = serving
    self.controlling = controlling
  }

  /// Takes over the descriptors and serves. `open` makes the runtime, on a thread of its own.
  package static func start(
    _ options: EngineOptions,
    limits: HTTPLimits = HTTPLimits(),
    grpcLimits: GRPCLimits = GRPCLimits(),
    open: @escaping @Sendable () throws -> any InferenceEngine
  ) async throws -> Engine {
    let cores = sysconf(Int32(_SC_NPROCESSORS_ONLN))
    // Half the cores, and no more than two, read and write: the others compute.
    let serving = MultiThreadedEventLoopGroup(numberOfThreads: cores >= 4 ? 2 : 1)
    let controlling = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let recorder = options.flightDescriptor.flatMap { FlightRecorder(descriptor: $0) }
    let loader = ModelLoader(
      registry: ModelRegistry(),
      allowsControl: options.allowsModelControl,
      recorder: recorder,
      open: open
    )
    let handOff = HandOff()
    // One more than can compute at a time: it is there for a model that nobody has asked for a while.
    let workers = min(max(cores, 2), 16) + 1
    let service = InferenceService(registry: loader.registry, workers: workers, repository: loader)
    if let recorder { service.computing.record(to: recorder) }
    let dispatch = InferDispatch(
      node: options.nodeName,
      service: service,
      handOff: handOff,
      maximumRelays: limits.relays,
      shortestAttempt: limits.relayAttempt,
      security: options.siblingSecurity,
      fault: options.injectedFault.map { FaultInjector($0, agentStart: options.injectedFaultEpoch) }
    )
    let grpcFrontEnd = GRPCFrontEnd(dispatch: dispatch, maximumBytes: limits.bodyBytes)
    let census = ConnectionCensus(limits: limits)
    let http = try await HTTPServer.start(
      descriptor: options.httpDescriptor,
      group: serving,
      responder: HandedOffCallResponder(rest: RESTFrontEnd(dispatch: dispatch), grpc: grpcFrontEnd),
      census: census,
      isAccepting: !options.waitsToServe,
      tls: options.siblingSecurity.tls,
      limits: limits
    )
    var grpc: ConnectionServer?
    if let descriptor = options.grpcDescriptor {
      grpc = try await GRPCServer.start(
        descriptor: descriptor,
        group: serving,
        responder: grpcFrontEnd,
        census: census,
        isAccepting: !options.waitsToServe,
        limits: limits,
        grpcLimits: grpcLimits
      )
    }
    let accept = { @Sendable [grpc] in
      http.accept()
      grpc?.accept()
    }
    let controller = EngineController(
      loader: loader,
      service: service,
      handOff: handOff,
      serving: serving,
      census: census,
      accept: accept
    )
    let control = try await ControlChannel.open(
      descriptor: options.controlDescriptor,
      on: controlling.next(),
      controller: controller
    ).get()
    return Engine(
      agentGone: control.closeFuture,
      http: http,
      grpc: grpc,
      loader: loader,
      service: service,
      dispatch: dispatch,
      controller: controller,
      serving: serving,
      controlling: controlling
    )
  }

  /// Takes no new connections, answers what is in flight until `deadline`, then ends all threads.
  package func stop(within deadline: Duration) async {
    async let grpcStopped: Void? = grpc?.stop(within: deadline)
    await http.stop(within: deadline)
    _ = await grpcStopped
    dispatch.closeConnections()
    loader.stop()
    await controller.stop()
    try? await service.shutDown()
    try? await serving.shutdownGracefully()
    try? await controlling.shutdownGracefully()
  }
}
