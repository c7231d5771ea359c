import FleetCore
import NIOCore

/// The calls about the repository that models come from.
extension RESTFrontEnd {
  func repositoryIndex(_ call: RESTCall) throws(ServingError) -> HTTPResponse {
    var onlyReady = false
    try RESTDocument.read(call.request) { (reader, key) throws(JSONError) in
      if key == "ready" { onlyReady = try reader.readBool() } else { try reader.skipValue() }
    }
    let entries = try service.repositoryIndex(onlyReady: onlyReady).map { entry in
      """
      {"name":\(JSONText.quoted(entry.name)),"version":"\(entry.version)","state":"\(entry.state.rawValue)",\
      "reason":\(JSONText.quoted(entry.reason))}
      """
    }
    return RESTResponses.json("[\(entries.joined(separator: ","))]")
  }

  func load(_ call: RESTCall) throws(ServingError) -> EventLoopFuture<HTTPResponse> {
    let parameters = try Self.parameterNames(call.request)
    return service.load(call.model, parameters: parameters, on: call.loop).map(Self.response)
  }

  func unload(_ call: RESTCall) throws(ServingError) -> EventLoopFuture<HTTPResponse> {
    _ = try Self.parameterNames(call.request)
    return service.unload(call.model, on: call.loop).map(Self.response)
  }

  private static func response(_ error: ServingError?) -> HTTPResponse {
    error.map(RESTResponses.error) ?? HTTPResponse(status: 200, contentType: nil)
  }

  private static func parameterNames(_ request: HTTPRequest) throws(ServingError) -> [String] {
    var names: [String] = []
    try RESTDocument.read(request) { (reader, key) throws(JSONError) in
      guard key == "parameters" else { return try reader.skipValue() }
      try reader.readObject { (reader, key) throws(JSONError) in
        names.append(key)
        try reader.skipValue()
      }
    }
    return names
  }
}
