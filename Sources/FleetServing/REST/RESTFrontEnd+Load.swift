import FleetCore
import FoundationEssentials

/// What siblings ask for once a second.
extension RESTFrontEnd {
  var loadReport: HTTPResponse {
    let report = LoadReport(
      node: dispatch.node,
      time: Date().timeIntervalSince1970,
      isServing: dispatch.isReady,
      models: service.registry.statuses.map { model in
        LoadReport.Model(
          name: model.name,
          version: model.version,
          requests: model.requests,
          errors: model.errors,
          inFlight: model.inFlight,
          latency: model.latency
        )
      }
    )
    return RESTResponses.json(LoadReportJSON.text(report))
  }
}

/// By hand and not by an encoder, since it is written between two requests of clients.
enum LoadReportJSON {
  static func text(_ report: LoadReport) -> String {
    """
    {"node":\(JSONText.quoted(report.node.description)),"time":\(report.time),"serving":\(report.isServing),\
    "models":[\(report.models.map(entry).joined(separator: ","))]}
    """
  }

  private static func entry(_ model: LoadReport.Model) -> String {
    let buckets = model.latency.buckets.map { "[\($0.microseconds),\($0.count)]" }
    return """
      {"name":\(JSONText.quoted(model.name)),"version":\(model.version),"requests":\(model.requests),\
      "errors":\(model.errors),"in_flight":\(model.inFlight),"latency_us":[\(buckets.joined(separator: ","))]}
      """
  }
}
