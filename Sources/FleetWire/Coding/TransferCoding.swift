import FleetCore
import FoundationEssentials

extension Fleet_V1_SendEncoding {
  init(_ encoding: FileTransfer.Encoding) {
    self =
      switch encoding {
      case .raw: .raw
      case .zstd: .zstd
      }
  }

  /// Nil for one that later releases have.
  var known: FileTransfer.Encoding? {
    switch self {
    case .raw: .raw
    case .zstd: .zstd
    case .unspecified, .UNRECOGNIZED: nil
    }
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
    self.init(
      digest: try WireValue.digest(header.digest, "header.digest"),
      path: try WireValue.text(header.path, "header.path"),
      offset: try WireValue.count(header.offset, "header.offset"),
      encoding: encoding
    )
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
