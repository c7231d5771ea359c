/// How a body may be compressed in HTTP (RFC 9110, section 8.4.1).
package enum ContentEncoding: String, Sendable {
  case gzip
  case deflate

  enum Named: Equatable {
    case identity
    case known(ContentEncoding)
    case unknown
  }

  /// What a `Content-Encoding` says. Several on top of each other are not taken.
  static func named(_ field: String) -> Named {
    switch field.lowercased() {
    case "identity", "": .identity
    case "gzip", "x-gzip": .known(.gzip)
    case "deflate": .known(.deflate)
    default: .unknown
    }
  }

  /// What the sender of an `Accept-Encoding` likes best; nil for a body as it is (RFC 9110, section 12.5.3).
  static func preferred(by field: String) -> ContentEncoding? {
    var best: (encoding: ContentEncoding, quality: Double)?
    var qualities: [ContentEncoding: Double] = [:]
    var identity: Double?
    var others: Double?
    for element in field.split(separator: ",") {
      let parts = element.split(separator: ";").map { $0.filter { $0 != " " && $0 != "\t" }.lowercased() }
      guard let name = parts.first else { continue }
      let quality = parts.dropFirst().first { $0.hasPrefix("q=") }.map { Double($0.dropFirst(2)) ?? 0 } ?? 1
      switch name {
      case "gzip", "x-gzip": qualities[.gzip] = quality
      case "deflate": qualities[.deflate] = quality
      case "identity": identity = quality
      case "*": others = quality
      default: continue
      }
    }
    for encoding in [ContentEncoding.gzip, .deflate] {
      guard let quality = qualities[encoding] ?? others, quality > (best?.quality ?? 0) else { continue }
      best = (encoding, quality)
    }
    guard let best, best.quality >= identity ?? 0 else { return nil }
    return best.encoding
  }
}
