import NIOCore
import NIOHTTP2
package import NIOPosix

/// Serves gRPC over HTTP/2, without TLS and known to begin with it.
package enum GRPCServer {
  /// Takes over `descriptor`, a listening socket; see `ConnectionServer.start`.
  package static func start(
    descriptor: Int32,
    group: MultiThreadedEventLoopGroup,
    responder: any GRPCResponder,
    census: ConnectionCensus? = nil,
    isAccepting: Bool = true,
    limits: HTTPLimits = HTTPLimits(),
    grpcLimits: GRPCLimits = GRPCLimits()
  ) async throws -> ConnectionServer {
    let census = census ?? ConnectionCensus(limits: limits)
    let configuration = Configuration(limits, grpcLimits)
    return try await ConnectionServer.start(
      descriptor: descriptor,
      group: group,
      census: census,
      isAccepting: isAccepting,
      limit: limits.connections,
      allowsHalfClosure: false
    ) { pipeline in
      let http2 = NIOHTTP2Handler(
        mode: .server,
        connectionConfiguration: configuration.connection,
        streamConfiguration: configuration.stream
      )
      let calls = GRPCConnection(responder: responder, limits: limits, grpcLimits: grpcLimits, census: census)
      try pipeline.addHandlers([http2, calls])
    }
  }

  private struct Configuration {
    var connection = NIOHTTP2Handler.ConnectionConfiguration()
    var stream = NIOHTTP2Handler.StreamConfiguration()

    init(_ limits: HTTPLimits, _ grpcLimits: GRPCLimits) {
      connection.initialSettings = [
        HTTP2Setting(parameter: .maxConcurrentStreams, value: grpcLimits.streams),
        HTTP2Setting(parameter: .maxHeaderListSize, value: limits.headBytes),
        HTTP2Setting(parameter: .initialWindowSize, value: grpcLimits.streamWindow),
        HTTP2Setting(parameter: .maxFrameSize, value: grpcLimits.frameBytes),
      ]
      // Of a header list we look at what a call needs, and of that at every byte.
      connection.headerBlockValidation = .disabled
      connection.contentLengthValidation = .disabled
      // A client may not know yet that a call of its was refused, and send on.
      connection.maximumRecentlyResetStreams = grpcLimits.streams * 2
      connection.controlFrameRateLimit.maximumCount = grpcLimits.controlFrames
      connection.controlFrameRateLimit.windowLength = grpcLimits.rateWindow
      stream.streamResetFrameRateLimit.maximumCount = grpcLimits.resets
      stream.streamResetFrameRateLimit.windowLength = grpcLimits.rateWindow
    }
  }
}
