import FleetCore
import FoundationEssentials

extension Fleet_V1_SendEncoding {
  init(_ encoding: FileTransfer.Encoding) {
    self =
      switch encoding {
      case .raw: .raw
      case .zstd: .zstd
      case .delta: .delta
      }
  }

  /// Nil for one that later releases have.
  var known: FileTransfer.Encoding? {
    switch self {
    case .raw: .raw
    case .zstd: .zstd
    case .delta: .delta
    case .unspecified, .UNRECOGNIZED: nil
    }
  }
}

extension FileTransfer.Encoding {
  /// Those of a node that are known here; later releases may have more.
  static func known(_ wire: [Fleet_V1_SendEncoding]) -> Set<FileTransfer.Encoding> {
    Set(wire.prefix(16).compactMap(\.known))
  }
}

extension Fleet_V1_SendRequest {
  init(_ transfer: FileTransfer) {
    self.init()
    var header = Fleet_V1_SendHeader()
    header.digest = transfer.digest.text
    header.path = transfer.path
    header.offset = transfer.offset
    header.encoding = Fleet_V1_SendEncoding(transfer.encoding)
    if let delta = transfer.delta {
      header.delta.sha256 = delta.sha256
      header.delta.bytes = delta.bytes
      header.delta.baseSha256 = delta.baseSHA256
    }
    self.header = header
  }

  init(piece: [UInt8]) {
    self.init()
    content = Data(piece)
  }
}

extension FileTransfer {
  init(wire: Fleet_V1_SendRequest?) throws(CommandError) {
    guard case .header(let header) = wire?.part else {
      throw WireValue.wrong("header", "a transfer begins with what it brings")
    }
    guard let encoding = header.encoding.known else {
      let number = header.encoding.rawValue
      throw WireValue.wrong("header.encoding", "\(number) is not known here; update this node's fleetd")
    }
    let digest = try WireValue.digest(header.digest, "header.digest")
    let path = try WireValue.text(header.path, "header.path")
    let offset = try WireValue.count(header.offset, "header.offset")
    guard (encoding == .delta) == header.hasDelta else {
      throw WireValue.wrong("header.delta", "goes with the encoding of a delta, and with no other")
    }
    guard header.hasDelta else {
      self.init(digest: digest, path: path, offset: offset, encoding: encoding)
      return
    }
    let delta = Delta(
      sha256: try WireValue.sha256(header.delta.sha256, "header.delta.sha256"),
      bytes: try WireValue.count(header.delta.bytes, "header.delta.bytes"),
      baseSHA256: try WireValue.sha256(header.delta.baseSha256, "header.delta.base_sha256")
    )
    self.init(digest: digest, path: path, offset: offset, delta: delta)
  }

  /// A piece of what was announced by the first message.
  static func piece(wire: Fleet_V1_SendRequest) throws(CommandError) -> [UInt8] {
    guard case .content(let content) = wire.part else {
      throw WireValue.wrong("content", "only the first message of a transfer is not a piece of its file")
    }
    guard content.count <= maximumPieceBytes else {
      throw WireValue.wrong("content", "\(content.count) bytes are more than the \(maximumPieceBytes) of a piece")
    }
    return Array(content)
  }
}
