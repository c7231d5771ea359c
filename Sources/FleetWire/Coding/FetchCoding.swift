import FleetCore

extension Fleet_V1_FetchRequest {
  init(_ order: FetchOrder) {
    self.init()
    digest = order.digest.text
    sibling = order.sibling.description
    address = order.address
    bytesPerSecond = order.bytesPerSecond ?? 0
  }
}

extension FetchOrder {
  init(wire: Fleet_V1_FetchRequest) throws(CommandError) {
    self.init(
      digest: try WireValue.digest(wire.digest, "digest"),
      sibling: try WireValue.nodeName(wire.sibling, "sibling"),
      address: try WireValue.text(wire.address, "address"),
      bytesPerSecond: wire.bytesPerSecond > 0 ? try WireValue.count(wire.bytesPerSecond, "bytes_per_second") : nil
    )
  }
}

extension Fleet_V1_ReadRequest {
  init(_ part: FilePart) {
    self.init()
    digest = part.digest.text
    path = part.path
    offset = part.offset
    count = UInt32(clamping: part.count)
  }
}

extension FilePart {
  init(wire: Fleet_V1_ReadRequest) throws(CommandError) {
    guard wire.count > 0, Int(wire.count) <= FileTransfer.maximumPieceBytes else {
      throw WireValue.wrong("count", "\(wire.count) is not within 1 and \(FileTransfer.maximumPieceBytes)")
    }
    self.init(
      digest: try WireValue.digest(wire.digest, "digest"),
      path: try WireValue.text(wire.path, "path"),
      offset: try WireValue.count(wire.offset, "offset"),
      count: Int(wire.count)
    )
  }
}
