import Crypto

/// SHA-256 in lower-case hexadecimal, as manifests write it.
package enum SHA256Text {
  package static func hash(_ bytes: some Sequence<UInt8>) -> String {
    var hasher = Hasher()
    hasher.update(Array(bytes))
    return hasher.finish()
  }

  package static func isValid(_ text: some StringProtocol) -> Bool {
    text.utf8.count == 64
      && text.utf8.allSatisfy {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0)
      }
  }

  /// Hashes in pieces, for files that should not be in memory as a whole.
  package struct Hasher {
    private var hash = SHA256()

    package init() {}

    package mutating func update(_ bytes: [UInt8]) {
      hash.update(data: bytes)
    }

    package consuming func finish() -> String {
      HexText.text(hash.finalize())
    }
  }
}
