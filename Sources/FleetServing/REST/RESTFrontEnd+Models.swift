import FleetWire

/// The calls about models.
extension RESTFrontEnd {
  /// Besides what the protocol says it tells siblings how loaded this node is.
  var ready: HTTPResponse {
    var response = RESTResponses.flag("ready", dispatch.isReady)
    response.fields.append((SiblingLoad.headerName, String(service.registry.inFlight)))
    return response
  }

  var serverMetadata: HTTPResponse { RESTResponses.serverMetadata(extensions: service.extensions) }

  func modelMetadata(_ call: RESTCall) throws(ServingError) -> HTTPResponse {
    RESTResponses.modelMetadata(try service.metadata(call.model, version: call.version))
  }

  func modelReady(_ call: RESTCall) throws(ServingError) -> HTTPResponse {
    let active = try service.find(call.model, version: call.version).active
    return RESTResponses.modelReady(active.version, !dispatch.handOff.isOn)
  }

  func configuration(_ call: RESTCall) throws(ServingError) -> HTTPResponse {
    RESTResponses.json(ModelConfigurationJSON.text(try service.configuration(call.model, version: call.version)))
  }

  /// Of all models when the path names none.
  func statistics(_ call: RESTCall) throws(ServingError) -> HTTPResponse {
    let views = try service.statistics(call.model.isEmpty ? nil : call.model, version: call.version)
    return RESTResponses.json(ModelStatisticsJSON.text(views))
  }
}
