/// Why a call of the Open Inference Protocol is not answered as asked; REST and gRPC each have their codes for it.
package struct ServingError: Error, Sendable, Equatable {
  package enum Kind: Sendable, Equatable {
    /// The request is wrong; repeating it cannot help.
    case invalid
    /// No such model, version or path.
    case notFound
    case methodNotAllowed(allowed: String)
    /// A call, parameter or form that the protocol or an extension of it knows and this server does not take.
    case unsupported
    /// The body is compressed in a way that is not understood here.
    case unsupportedEncoding
    /// Longer than is taken here.
    case tooLarge
    /// Not now; worth repeating, here or at another node.
    case unavailable
    /// The time that the caller gave (its `timeout` parameter, its gRPC deadline) is over or would be before its turn comes.
    /// REST answers it as Triton does, 503 without `Retry-After`; gRPC as DEADLINE_EXCEEDED. When the server's own limit on
    /// waiting is what was reached, that is `.unavailable`: the same call may well be answered a moment later.
    case deadlineExceeded
    /// The caller has withdrawn the call: the answer is for the books only. 499 in REST, CANCELLED in gRPC.
    case cancelled
    /// The engine failed at a request that was right.
    case failed
  }

  /// The most that is repeated of what a caller sent: an error must not be a way to have us send what was sent to us.
  private static let maximumQuote = 80
  /// In bytes; the first problem is told however long it is.
  private static let longestList = 1500

  package let kind: Kind
  package let message: String

  package init(_ kind: Kind, _ message: String) {
    self.kind = kind
    self.message = message
  }

  /// A request that is wrong in each of these ways; how many more there are is told when they would make a long text.
  init(_ problems: [String]) {
    var length = 0
    let fitting = problems.prefix { problem in
      length += problem.utf8.count
      return length <= Self.longestList
    }
    let told = problems.prefix(max(1, fitting.count))
    let more = problems.count - told.count
    self.init(.invalid, told.joined(separator: "; ") + (more > 0 ? "; and \(more) more" : ""))
  }

  /// `text` in single quotes, cut when it is long.
  static func quote(_ text: some StringProtocol) -> String {
    let start = text.prefix(maximumQuote)
    return start.endIndex < text.endIndex ? "'\(start)...'" : "'\(start)'"
  }
}
