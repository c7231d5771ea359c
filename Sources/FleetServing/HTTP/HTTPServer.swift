package import FleetWire
import NIOCore
import NIOHTTP1
package import NIOPosix

/// Serves HTTP/1.1.
package enum HTTPServer {
  /// Takes over `descriptor`, a listening socket; see `ConnectionServer.start`. With `tls` siblings may speak it there too.
  package static func start(
    descriptor: Int32,
    group: MultiThreadedEventLoopGroup,
    responder: any HTTPResponder,
    census: ConnectionCensus? = nil,
    isAccepting: Bool = true,
    tls: SiblingTLS? = nil,
    limits: HTTPLimits = HTTPLimits()
  ) async throws -> ConnectionServer {
    let census = census ?? ConnectionCensus(limits: limits)
    return try await ConnectionServer.start(
      descriptor: descriptor,
      group: group,
      census: census,
      isAccepting: isAccepting,
      limit: limits.connections,
      // A client may end its side when it has sent its request, and wait for the answer.
      allowsHalfClosure: true
    ) { pipeline in
      if let tls { try pipeline.addHandler(TLSDetector(tls: tls)) }
      var decoding = NIOHTTPDecoderLimitConfiguration()
      decoding.maxHeaderFieldSize = limits.headBytes
      decoding.maxHeaderListSize = limits.headBytes
      decoding.maxHeaderFieldCount = limits.headFields
      let decoder = HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes, limitConfiguration: decoding)
      try pipeline.addHandler(ByteToMessageHandler(decoder))
      try pipeline.addHandler(HTTPConnection(responder: responder, limits: limits, census: census))
    }
  }
}
