import NIOCore
import NIOHTTP1

/// What infer calls are called, for those who look at what is in flight: read anew, since nobody asks about nearly all of them.
extension RESTFrontEnd {
  package func label(of request: HTTPRequest, bytes: Int) -> RequestLabel {
    guard let path = RESTRoute.path(of: request.uri), let names = RESTRoute.infer.firstMatch(path) else {
      return RequestLabel()
    }
    var label = RequestLabel(model: names.model)
    guard !request.headers.contains(name: "content-encoding") else { return label }
    var reader = JSONReader(Array(request.body.readableBytesView.prefix(bytes)))
    // Whatever is wrong with it, or not there yet, is told elsewhere.
    try? reader.readObject { (reader, key) throws(JSONError) in
      guard key == "id" else { return try reader.skipValue() }
      label.id = try reader.readString()
      throw reader.error("it is found")
    }
    return label
  }
}

extension [RESTRoute] {
  fileprivate func firstMatch(_ path: ArraySlice<Substring>) -> RESTNames? {
    for route in self {
      if let names = route.match(path) { return names }
    }
    return nil
  }
}
