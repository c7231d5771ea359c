import FleetCore

/// The calls about shared memory, in Triton's system shared memory extension.
extension RESTFrontEnd {
  /// Of all regions when the path names none.
  func sharedMemoryStatus(_ call: RESTCall) throws(ServingError) -> HTTPResponse {
    let entries = try service.sharedMemory.status(call.region).map { region in
      """
      {"name":\(JSONText.quoted(region.name)),"key":\(JSONText.quoted(region.key)),"offset":\(region.offset),\
      "byte_size":\(region.byteSize)}
      """
    }
    return RESTResponses.json("[\(entries.joined(separator: ","))]")
  }

  func registerSharedMemory(_ call: RESTCall) throws(ServingError) -> HTTPResponse {
    var key: String?
    var offset = 0
    var byteSize: Int?
    try RESTDocument.read(call.request) { (reader, name) throws(JSONError) in
      switch name {
      case "key": key = try reader.readString()
      case "offset": offset = try reader.readSize("offset")
      case "byte_size": byteSize = try reader.readSize("byte_size")
      default: try reader.skipValue()
      }
    }
    guard let key, let byteSize else {
      let missing = [key == nil ? "'key'" : nil, byteSize == nil ? "'byte_size'" : nil].compactMap { $0 }
      throw ServingError(.invalid, "\(missing.joined(separator: " and ")) missing: expected key, offset and byte_size")
    }
    try service.sharedMemory.register(
      SharedMemoryRegistry.Region(name: call.region ?? "", key: key, offset: offset, byteSize: byteSize)
    )
    return HTTPResponse(status: 200, contentType: nil)
  }

  /// All regions when the path names none.
  func unregisterSharedMemory(_ call: RESTCall) -> HTTPResponse {
    service.sharedMemory.unregister(call.region)
    return HTTPResponse(status: 200, contentType: nil)
  }
}
