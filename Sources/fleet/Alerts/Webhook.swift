import FleetConsole
import FleetCore
import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// A URL that gets each thing there is to tell as JSON in a POST of its own. Redirections are not followed and no proxy is used.
struct Webhook: AlertSink {
  static let deadline = Duration.seconds(10)

  let url: String
  private let host: String
  private let port: Int
  private let path: String
  private let tls: NIOSSLContext?
  private let group: any EventLoopGroup
  var deadline = Self.deadline

  var name: String { "--webhook \(url)" }

  /// `authority` is a file of certificates to trust instead of the system's. Throws a `UsageError`.
  init(_ text: String, authority: String? = nil, group: any EventLoopGroup) throws {
    guard let parts = URLComponents(string: text), let scheme = parts.scheme?.lowercased(),
      scheme == "http" || scheme == "https", let host = parts.host, !host.isEmpty
    else { throw UsageError("--webhook: expected a URL such as 'https://example.com/alerts', found '\(text)'") }
    guard parts.user == nil, parts.password == nil else {
      throw UsageError("--webhook: a name or password in the URL is not sent; '\(host)' needs another way to know us")
    }
    url = text
    self.host = host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host
    port = parts.port ?? (scheme == "https" ? 443 : 80)
    let path = parts.percentEncodedPath.isEmpty ? "/" : parts.percentEncodedPath
    self.path = path + (parts.percentEncodedQuery.map { "?\($0)" } ?? "")
    self.group = group
    guard scheme == "https" else {
      tls = nil
      return
    }
    var configuration = TLSConfiguration.makeClientConfiguration()
    if let authority { configuration.trustRoots = .file(authority) }
    do {
      tls = try NIOSSLContext(configuration: configuration)
    } catch {
      throw UsageError("--webhook-authority: '\(authority ?? "")' has no certificates: \(error)")
    }
  }

  func tell(_ event: AlertMessage) async -> AlertOutbox.Outcome {
    do {
      let status = try await post(event)
      switch status {
      case 200..<300: return .delivered
      case 408, 425, 429, 500...: return .failed("it answers \(status)")
      default: return .refused("it answers \(status)")
      }
    } catch WebhookError.timeout {
      return .failed("no answer within \(Quantity.text(deadline))")
    } catch {
      return .failed("\(error)")
    }
  }

  private func post(_ event: AlertMessage) async throws -> Int {
    let loop = group.next()
    let answer = loop.makePromise(of: Int.self)
    let timer = loop.scheduleTask(in: .milliseconds(Int64(deadline.milliseconds))) {
      answer.fail(WebhookError.timeout)
    }
    defer { timer.cancel() }
    let (tls, host, head, body) = (tls, host, head(of: event), event.json)
    ClientBootstrap(group: loop)
      .connectTimeout(.seconds(5))
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          if let tls {
            // An address has no name to ask for.
            let isAddress = (try? SocketAddress(ipAddress: host, port: 0)) != nil
            let handler = try NIOSSLClientHandler(context: tls, serverHostname: isAddress ? nil : host)
            try channel.pipeline.syncOperations.addHandler(handler)
          }
          try channel.pipeline.syncOperations.addHTTPClientHandlers()
          try channel.pipeline.syncOperations.addHandler(WebhookCall(head: head, body: body, answer))
        }
      }
      .connect(host: host, port: port)
      .whenComplete { result in
        switch result {
        case .failure(let error): answer.fail(error)
        case .success(let channel): answer.futureResult.whenComplete { _ in channel.close(promise: nil) }
        }
      }
    return try await answer.futureResult.get()
  }

  private func head(of event: AlertMessage) -> HTTPRequestHead {
    let isUsual = port == (tls == nil ? 80 : 443)
    let name = host.contains(":") ? "[\(host)]" : host
    var head = HTTPRequestHead(version: .http1_1, method: .POST, uri: path)
    head.headers = [
      "host": isUsual ? name : "\(name):\(port)", "content-type": "application/json",
      "content-length": "\(event.json.utf8.count)", "user-agent": "fleet/\(BuildVersion.text)",
      "idempotency-key": event.key, "connection": "close",
    ]
    return head
  }
}

private enum WebhookError: Error, CustomStringConvertible {
  case timeout
  case closed

  var description: String {
    switch self {
    case .timeout: "no answer in time"
    case .closed: "the connection ended before the answer"
    }
  }
}

/// Sends one request and gives the status of the answer; what else is in it does not matter.
private final class WebhookCall: ChannelInboundHandler {
  typealias InboundIn = HTTPClientResponsePart
  typealias OutboundOut = HTTPClientRequestPart

  private let head: HTTPRequestHead
  private let body: String
  private let answer: EventLoopPromise<Int>

  init(head: HTTPRequestHead, body: String, _ answer: EventLoopPromise<Int>) {
    self.head = head
    self.body = body
    self.answer = answer
  }

  func channelActive(context: ChannelHandlerContext) {
    context.write(wrapOutboundOut(.head(head)), promise: nil)
    context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: body)))), promise: nil)
    context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    context.fireChannelActive()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    // What comes before the answer proper, such as 'continue', is none.
    guard case .head(let head) = unwrapInboundIn(data), head.status.code >= 200 else { return }
    answer.succeed(Int(head.status.code))
  }

  func channelInactive(context: ChannelHandlerContext) {
    answer.fail(WebhookError.closed)
    context.fireChannelInactive()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    answer.fail(error)
    context.close(promise: nil)
  }
}
