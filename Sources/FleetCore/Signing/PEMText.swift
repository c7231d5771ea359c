import FoundationEssentials

/// Keys as text (RFC 7468): base64 between two lines that say what it is. Text around them is for people.
package enum PEMText {
  package struct Block: Sendable, Equatable {
    /// `PUBLIC KEY`
    package var label: String
    package var bytes: [UInt8]
  }

  /// No file of keys is longer.
  package static let maximumBytes = 64 << 10

  /// Every block of `text`, in order. Throws `.invalid` at the first that is cut off or is not base64.
  static func blocks(in text: String) throws(CommandError) -> [Block] {
    guard text.utf8.count <= maximumBytes else {
      throw CommandError(
        .invalid,
        "\(text.utf8.count) bytes are more than the \(maximumBytes) that a file of keys may have"
      )
    }
    var blocks: [Block] = []
    var label: String?
    var body = ""
    for line in text.split(whereSeparator: \.isNewline).map({ String($0.filter { !$0.isWhitespace || $0 == " " }) }) {
      if let open = label {
        if line == "-----END \(open)-----" {
          guard let data = Data(base64Encoded: body) else {
            throw CommandError(.invalid, "what stands in '-----BEGIN \(open)-----' is not base64")
          }
          blocks.append(Block(label: open, bytes: Array(data)))
          label = nil
          body = ""
        } else {
          body += line
        }
      } else if line.hasPrefix("-----BEGIN "), line.hasSuffix("-----"), line.count > 16 {
        label = String(line.dropFirst(11).dropLast(5))
      }
    }
    if let label { throw CommandError(.invalid, "'-----END \(label)-----' is missing: the file is cut off") }
    return blocks
  }

  static func text(_ block: Block) -> String {
    let base64 = Array(Data(block.bytes).base64EncodedString().utf8)
    let lines = stride(from: 0, to: base64.count, by: 64).map { start in
      String(decoding: base64[start..<min(start + 64, base64.count)], as: UTF8.self)
    }
    return (["-----BEGIN \(block.label)-----"] + lines + ["-----END \(block.label)-----"]).joined(separator: "\n")
      + "\n"
  }
}
