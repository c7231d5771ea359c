import NIOCore

/// The small JSON documents of the calls that bring no tensors.
enum RESTDocument {
  /// A longer one is refused unread: it would hold up everybody else on the event loop.
  static let maximumBytes = 64 << 10

  /// Calls `member` with each key of the body's object; an empty body has none.
  static func read(
    _ request: HTTPRequest,
    _ member: (inout JSONReader, String) throws(JSONError) -> Void
  ) throws(ServingError) {
    guard request.body.readableBytes <= maximumBytes else {
      throw ServingError(.tooLarge, "the body is longer than \(maximumBytes) bytes, which no call of this kind needs")
    }
    let held = request.census.beginHolding(limit: maximumBytes)
    let body = Array(try BodyDecompression.decompressed(request, held: held).readableBytesView)
    do throws(JSONError) {
      var reader = JSONReader(body)
      guard reader.peek() != nil else { return }
      try reader.readObject(member)
      try reader.expectEnd()
    } catch {
      throw ServingError(.invalid, "the request is not as expected at byte \(error.offset): \(error.message)")
    }
  }
}

extension JSONReader {
  /// The next value, which must be a whole number that counts something.
  mutating func readSize(_ what: String) throws(JSONError) -> Int {
    let range = try readNumberText()
    guard let value: Int = JSONNumber.integer(bytes[range]), value >= 0 else {
      throw error("expected \(what) to be a whole number, 0 or more", at: range.lowerBound)
    }
    return value
  }
}
